// Sizes, as docker's go-units reads them.
import { expect, test } from "bun:test";
import { formatSize, parseSize, parseSizeOrUnlimited } from "../../../src/cli/values/size.ts";
import { acceptsEach, refusesEach } from "../tables.ts";

const mebibyte = 1024 * 1024;

acceptsEach("size", parseSize, [
  ["0", 0],
  ["1024", 1024],
  ["32b", 32],
  ["32B", 32],
  ["512k", 512 * 1024],
  ["512kb", 512 * 1024],
  ["64m", 64 * mebibyte],
  ["64M", 64 * mebibyte],
  ["64MiB", 64 * mebibyte],
  ["1.5g", 1536 * mebibyte],
  [".5m", mebibyte / 2],
  ["1.g", 1024 * mebibyte],
  ["1 g", 1024 * mebibyte],
  ["1e3", 1000],
  ["1t", 1024 ** 4],
  ["1p", 1024 ** 5],
]);

refusesEach("size", parseSize, [
  ["", "invalid size: ''"],
  ["abc", "invalid size: 'abc'"],
  ["-1", "invalid size: '-1'"],
  ["-5", "invalid size: '-5'"],
  [".", "invalid size: '.'"],
  [" 1m", "invalid size: ' 1m'"],
  ["1 2m", "invalid size: '1 2m'"],
  ["0x10", "invalid size: '0x10'"],
  ["1..5m", "invalid size: '1..5m'"],
  ["1xb", "invalid suffix: 'xb'"],
  ["1kbb", "invalid suffix: 'kbb'"],
  ["12q", "invalid suffix: 'q'"],
  ["1ib", "invalid suffix: 'ib'"],
  ["5KBX", "invalid suffix: 'kbx'"],
  ["9000p", "size is too large: '9000p'"],
]);

acceptsEach<number | string>("size with -1 allowed", parseSizeOrUnlimited, [
  ["-1", "unlimited"],
  ["1k", 1024],
]);

refusesEach("size with -1 allowed", parseSizeOrUnlimited, [["-2", "invalid size: '-2'"]]);

test("a size is shown in the largest unit that leaves it whole", () => {
  expect([0, 1023, 1024, 1536, 4 * mebibyte, 1024 ** 3].map(formatSize)).toEqual([
    "0 B",
    "1023 B",
    "1 KiB",
    "1536 B",
    "4 MiB",
    "1 GiB",
  ]);
});
