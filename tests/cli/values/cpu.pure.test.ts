// CPU amounts and sets.
import { parseCpus, parseCpuset } from "../../../src/cli/values/cpu.ts";
import { acceptsEach, refusesEach } from "../tables.ts";

acceptsEach("cpus", parseCpus, [
  ["1", 1],
  ["1.5", 1.5],
  [".5", 0.5],
  ["1/2", 0.5],
  ["1e1", 10],
  ["0", 0],
  ["-1", -1],
]);

refusesEach("cpus", parseCpus, [
  ["", "failed to parse  as a rational number"],
  ["abc", "failed to parse abc as a rational number"],
  ["1/0", "failed to parse 1/0 as a rational number"],
  ["1/2/3", "failed to parse 1/2/3 as a rational number"],
  ["0x1", "failed to parse 0x1 as a rational number"],
  ["Infinity", "failed to parse Infinity as a rational number"],
  ["0.0000000001", "value is too precise"],
]);

acceptsEach("cpuset", parseCpuset, [
  ["0", "0"],
  ["0-2,4", "0-2,4"],
  ["3,1", "3,1"],
]);

refusesEach("cpuset", parseCpuset, [
  ["", "want numbers and ranges such as 0-2,4: got ''"],
  ["a", "want numbers and ranges such as 0-2,4: got 'a'"],
  ["0-", "want numbers and ranges such as 0-2,4: got '0-'"],
  ["-1", "want numbers and ranges such as 0-2,4: got '-1'"],
  ["0,,1", "want numbers and ranges such as 0-2,4: got ''"],
  ["0-1-2", "want numbers and ranges such as 0-2,4: got '0-1-2'"],
  ["0, 1", "want numbers and ranges such as 0-2,4: got ' 1'"],
  ["3-1", "the range '3-1' ends before it begins"],
]);
