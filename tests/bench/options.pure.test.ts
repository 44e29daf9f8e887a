// The bench's command line.

import { describe, expect, test } from "bun:test";
import { parseOptions } from "../../bench/options.ts";
import { UserError } from "../../src/errors.ts";

const DEFAULTS = { rounds: 50, pauseMs: 0, check: false, help: false };

describe("options of the bench", () => {
  test("without flags 50 rounds follow each other", () => {
    expect(parseOptions([])).toEqual(DEFAULTS);
  });

  test("every flag is taken", () => {
    const line = "--rounds 7 --pause 100 --rootfs /r --bunker /b --json out.json --check -h";
    expect(parseOptions(line.split(" "))).toEqual({
      rounds: 7,
      pauseMs: 100,
      rootfs: "/r",
      bunker: "/b",
      json: "out.json",
      check: true,
      help: true,
    });
  });

  test.each([
    [["--fast"], "unknown argument: --fast"],
    [["crun"], "unknown argument: crun"],
    [["toString"], "unknown argument: toString"],
    [["--rounds"], "--rounds needs a value"],
    [["--json", ""], "--json needs a value"],
    [["--rounds", "2"], '--rounds must be a whole number of at least 3: got "2"'],
    [["--rounds", "1e3"], '--rounds must be a whole number of at least 3: got "1e3"'],
    [["--rounds", "-5"], '--rounds must be a whole number of at least 3: got "-5"'],
    [["--pause", "0.5"], '--pause must be a whole number of at least 0: got "0.5"'],
  ])("refuses %p", (argv, message) => {
    expect(() => parseOptions(argv)).toThrow(UserError);
    expect(() => parseOptions(argv)).toThrow(message);
  });
});
