import { describe, expect, test } from "bun:test";
import { parseLine, type Syntax, UsageError } from "../../../src/cli/oci/parse.ts";

const SYNTAX: Syntax = {
  flags: { bundle: "text", detach: "bool", env: "list", "preserve-fds": "int", all: "bool" },
  aliases: { b: "bundle", d: "detach", e: "env", a: "all" },
};

const EXEC: Syntax = { ...SYNTAX, stopsAtOperand: true };

function read(argv: readonly string[], syntax: Syntax = SYNTAX) {
  const line = parseLine(argv, syntax);
  return {
    bundle: line.text("bundle"),
    detach: line.bool("detach"),
    env: line.list("env"),
    fds: line.int("preserve-fds"),
    operands: line.operands,
  };
}

const nothing = { bundle: "", detach: false, env: [], fds: 0, operands: [] };

describe("a command line of the OCI runtime", () => {
  test.each<[string, string[], object]>([
    ["nothing", [], {}],
    ["an operand", ["web"], { operands: ["web"] }],
    ["a value as the next word", ["--bundle", "/b", "web"], { bundle: "/b", operands: ["web"] }],
    ["a value after =", ["--bundle=/b=c"], { bundle: "/b=c" }],
    ["one dash for a long name", ["-bundle", "/b"], { bundle: "/b" }],
    ["two dashes for a letter", ["--b", "/b"], { bundle: "/b" }],
    ["a letter", ["-b", "/b"], { bundle: "/b" }],
    ["a letter with =", ["-b=/b"], { bundle: "/b" }],
    ["the last of several values", ["-b", "/a", "--bundle", "/b"], { bundle: "/b" }],
    ["all values of a list, in order", ["-e", "A=1", "--env", "B=2"], { env: ["A=1", "B=2"] }],
    ["a switch", ["-d"], { detach: true }],
    ["a switch that is off", ["--detach=false"], { detach: false }],
    ["a switch with a short word", ["--detach=T"], { detach: true }],
    ["a negative value", ["--preserve-fds", "-1"], { fds: -1 }],
    ["a value that looks like a flag", ["--bundle", "--detach"], { bundle: "--detach" }],
    ["a flag behind an operand", ["web", "-d"], { detach: true, operands: ["web"] }],
    ["an unknown flag behind an operand", ["web", "-9"], { operands: ["web", "-9"] }],
    ["what follows --", ["-d", "--", "-b", "x"], { detach: true, operands: ["-b", "x"] }],
    ["a lone dash", ["-"], { operands: ["-"] }],
    ["an empty word", ["", "a"], { operands: ["", "a"] }],
  ])("takes %s", (_name, argv, expected) => {
    expect(read(argv)).toEqual({ ...nothing, ...expected });
  });

  test("ends its flags at the first operand where that starts another program's", () => {
    const argv = ["-d", "web", "ls", "-d", "--", "--bundle"];
    expect(read(argv, EXEC)).toEqual({
      ...nothing,
      detach: true,
      operands: ["web", "ls", "-d", "--", "--bundle"],
    });
  });

  test.each<[string[], string]>([
    [["--nope"], "flag provided but not defined: -nope"],
    [["-x=1"], "flag provided but not defined: -x"],
    [["-db"], "flag provided but not defined: -db"],
    [["--constructor"], "flag provided but not defined: -constructor"],
    [["--toString=1"], "flag provided but not defined: -toString"],
    [["---d"], "bad flag syntax: ---d"],
    [["--=x"], "bad flag syntax: --=x"],
    [["--bundle"], "flag needs an argument: -bundle"],
    [["web", "-b"], "flag needs an argument: -b"],
    [["--detach=maybe"], 'invalid boolean value "maybe" for -detach: parse error'],
    [["--preserve-fds", "x"], 'invalid value "x" for flag -preserve-fds: parse error'],
    [["--preserve-fds=1.5"], 'invalid value "1.5" for flag -preserve-fds: parse error'],
    [["--preserve-fds="], 'invalid value "" for flag -preserve-fds: parse error'],
    [
      ["--preserve-fds", "99999999999999999999"],
      'invalid value "99999999999999999999" for flag -preserve-fds: parse error',
    ],
  ])("%j is refused: %s", (argv, message) => {
    let refusal: unknown;
    try {
      parseLine(argv, SYNTAX);
    } catch (error) {
      refusal = error;
    }
    expect(refusal).toBeInstanceOf(UsageError);
    expect((refusal as UsageError).message).toBe(message);
  });

  test.each(["-h", "--help", "-help", "--h"])("%s asks for help", (word) => {
    expect(parseLine([word], SYNTAX).has("help")).toBe(true);
  });
});

test("whatever the words are, they are taken or refused in Go's words", () => {
  const random = makeRandom(7);
  const pieces = [
    "-",
    "--",
    "=",
    "b",
    "bundle",
    "detach",
    "env",
    "preserve-fds",
    "1",
    "",
    "\0",
    "é",
  ];
  const pick = (): string => pieces[random(pieces.length)] ?? "";
  for (let round = 0; round < 20_000; round++) {
    const argv = Array.from({ length: random(5) }, () => pick() + pick() + pick());
    try {
      const line = parseLine(argv, round % 2 === 0 ? SYNTAX : EXEC);
      expect(Number.isSafeInteger(line.int("preserve-fds"))).toBe(true);
      expect(line.operands.length).toBeLessThanOrEqual(argv.length);
    } catch (error) {
      if (!(error instanceof UsageError)) throw error;
      expect(error.message).toMatch(/^(flag |bad flag syntax: |invalid (boolean )?value )/);
    }
  }
});

/** Numbers below a bound, the same ones for a seed each time. */
function makeRandom(seed: number): (bound: number) => number {
  let state = seed;
  return (bound) => {
    state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0;
    return (state >>> 8) % bound;
  };
}
