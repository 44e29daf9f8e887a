// Booleans and whole numbers, as Go reads them.
import { parseBoolean, parseInteger } from "../../../src/cli/values/number.ts";
import { acceptsEach, refusesEach } from "../tables.ts";

acceptsEach("boolean", parseBoolean, [
  ["1", true],
  ["t", true],
  ["T", true],
  ["true", true],
  ["TRUE", true],
  ["True", true],
  ["0", false],
  ["f", false],
  ["False", false],
]);

refusesEach("boolean", parseBoolean, [
  ["", "must be true or false"],
  ["yes", "must be true or false"],
  ["tRue", "must be true or false"],
]);

acceptsEach("whole number", parseInteger, [
  ["0", 0],
  ["20", 20],
  ["-1", -1],
  ["+5", 5],
  ["0x10", 16],
  ["-0x10", -16],
  ["0b101", 5],
  ["0o17", 15],
  ["010", 8],
  ["1_000", 1000],
]);

refusesEach("whole number", parseInteger, [
  ["", "must be a whole number"],
  ["abc", "must be a whole number"],
  ["1.5", "must be a whole number"],
  ["1e3", "must be a whole number"],
  ["1__0", "must be a whole number"],
  [" 1", "must be a whole number"],
  ["--1", "must be a whole number"],
  ["09", "must be a whole number"],
  ["99999999999999999999", "the number is out of range"],
]);
