// The parser's rules are pflag's as docker uses it.
import { describe, expect, test } from "bun:test";
import type { FlagTable } from "../../src/cli/flag.ts";
import { findNearest } from "../../src/cli/nearest.ts";
import { parseLine } from "../../src/cli/parse.ts";
import { UserError } from "../../src/errors.ts";
import { refusalOf, refusesEach } from "./tables.ts";

interface Draft {
  readonly set: string[];
}

const text = { type: "text", group: "g", help: "h" } as const;
const bool = { type: "bool", group: "g", help: "h" } as const;
const note =
  (name: string) =>
  (draft: Draft, value: string | boolean | number): void => {
    draft.set.push(`${name}=${value}`);
  };

const flags: FlagTable<Draft> = {
  interactive: { ...bool, short: "i", set: note("interactive") },
  tty: { ...bool, short: "t", set: note("tty") },
  env: { ...text, short: "e", set: note("env") },
  name: { ...text, ignoresEmpty: true, set: note("name") },
  memory: {
    ...text,
    short: "m",
    set: () => {
      throw new UserError("no such size", "write 64m");
    },
  },
  cpus: {
    ...text,
    set: () => {
      throw new UserError("no such number");
    },
  },
  weight: { ...bool, type: "int", short: "w", aliases: ["size"], set: note("weight") },
  old: { ...bool, deprecated: "use --tty", set: note("old") },
  secret: { ...bool, hidden: true, set: note("secret") },
};

const syntax = {
  path: "bunker run",
  flags,
  refused: { gpus: "nothing here selects them" },
  interspersed: false,
};

function parse(line: string, interspersed = false) {
  const draft: Draft = { set: [] };
  const words = line === "" ? [] : line.split(" ");
  const parsed = parseLine(words, { ...syntax, interspersed }, draft);
  return { ...parsed, set: draft.set };
}

describe("flags before the first operand are set in order", () => {
  const rows: [line: string, set: string[], operands: string[]][] = [
    ["", [], []],
    ["x", [], ["x"]],
    ["-i x", ["interactive=true"], ["x"]],
    ["-it x", ["interactive=true", "tty=true"], ["x"]],
    ["--interactive --tty", ["interactive=true", "tty=true"], []],
    ["--interactive=false", ["interactive=false"], []],
    ["--interactive false", ["interactive=true"], ["false"]],
    ["-i=false x", ["interactive=false"], ["x"]],
    ["-ti=0 x", ["tty=true", "interactive=false"], ["x"]],
    ["-e A=b x", ["env=A=b"], ["x"]],
    ["-eA=b x", ["env=A=b"], ["x"]],
    ["-e=A=b x", ["env=A=b"], ["x"]],
    ["-e= x", ["env=="], ["x"]],
    ["-ite A", ["interactive=true", "tty=true", "env=A"], []],
    ["-itemore", ["interactive=true", "tty=true", "env=more"], []],
    ["--env A --env B", ["env=A", "env=B"], []],
    ["--env=A=b", ["env=A=b"], []],
    ["--env -i", ["env=-i"], []],
    ["--env -- x", ["env=--"], ["x"]],
    ["--name a --name b", ["name=a", "name=b"], []],
    ["--name= x", [], ["x"]],
    ["-w 5", ["weight=5"], []],
    ["-w -5", ["weight=-5"], []],
    ["--weight=0x10", ["weight=16"], []],
    ["--size 5 --size=6", ["weight=5", "weight=6"], []],
    ["--secret", ["secret=true"], []],
    ["- -i", [], ["-", "-i"]],
    ["-- -i", [], ["-i"]],
    ["-i -- x -- y", ["interactive=true"], ["x", "--", "y"]],
    ["x -i --bogus", [], ["x", "-i", "--bogus"]],
    ["x -- y", [], ["x", "--", "y"]],
  ];
  for (const [line, set, operands] of rows) {
    test(`'${line}'`, () => {
      const parsed = parse(line);
      expect(parsed.set).toEqual(set);
      expect(parsed.operands).toEqual(operands);
    });
  }
});

test("an interspersed command finds flags behind operands, until --", () => {
  const parsed = parse("x -i y -- -t", true);
  expect(parsed.set).toEqual(["interactive=true"]);
  expect(parsed.operands).toEqual(["x", "y", "-t"]);
});

test("--help and -h are noticed and do not end the parsing", () => {
  expect(parse("--help").help).toBe(true);
  expect(parse("-h").help).toBe(true);
  expect(parse("-ih x").help).toBe(true);
  expect(parse("--help=false").help).toBe(false);
  expect(parse("x --help").help).toBe(false);
  expect(refusalOf(() => parse("--help --bogus")).message).toBe("unknown flag: --bogus");
});

test("a deprecated flag works and warns", () => {
  const parsed = parse("--old");
  expect(parsed.set).toEqual(["old=true"]);
  expect(parsed.warnings).toEqual(["--old has been deprecated, use --tty"]);
});

refusesEach("line", parse, [
  ["--bogus", "unknown flag: --bogus"],
  ["--bogus=x", "unknown flag: --bogus"],
  ["--NAME", "unknown flag: --NAME"],
  ["--constructor", "unknown flag: --constructor"],
  ["--__proto__", "unknown flag: --__proto__"],
  ["-Z", "unknown shorthand flag: 'Z' in -Z"],
  ["-itZ", "unknown shorthand flag: 'Z' in -Z"],
  ["-Zit", "unknown shorthand flag: 'Z' in -Zit"],
  ["-=x", "unknown shorthand flag: '=' in -=x"],
  ["-i-", "unknown shorthand flag: '-' in --"],
  ["-t=", "unknown shorthand flag: '=' in -="],
  ["--=x", "bad flag syntax: --=x"],
  ["---x", "bad flag syntax: ---x"],
  ["--name", "flag needs an argument: --name"],
  ["-e", "flag needs an argument: 'e' in -e"],
  ["-ie", "flag needs an argument: 'e' in -e"],
  ["--tty=foo", 'invalid argument "foo" for "-t, --tty" flag: must be true or false'],
  ["-t=foo", 'invalid argument "foo" for "-t, --tty" flag: must be true or false'],
  ["--tty=", 'invalid argument "" for "-t, --tty" flag: must be true or false'],
  ["--help=foo", 'invalid argument "foo" for "--help" flag: must be true or false'],
  ["-w x", 'invalid argument "x" for "-w, --weight" flag: must be a whole number'],
  ["-m 5", 'invalid argument "5" for "-m, --memory" flag: no such size'],
  ['--cpus a"b', 'invalid argument "a\\"b" for "--cpus" flag: no such number'],
  ["--gpus all", "--gpus is not supported: nothing here selects them"],
  ["--labl", "unknown flag: --labl"],
  ["--size x", 'invalid argument "x" for "--size" flag: must be a whole number'],
]);

test("a refusal has exit code 125 and a hint: the value's own, the nearest flag, the help page", () => {
  const hintOf = (line: string) => refusalOf(() => parse(line)).hint;
  expect(refusalOf(() => parse("--bogus")).exitCode).toBe(125);
  expect(hintOf("-m 5")).toBe("write 64m");
  expect(hintOf("--cpus 5")).toBe("see 'bunker run --help'");
  expect(hintOf("--memroy 5")).toBe("did you mean --memory? see 'bunker run --help'");
  expect(hintOf("--zzz")).toBe("see 'bunker run --help'");
  expect(hintOf("--secrets")).toBe("see 'bunker run --help'");
});

test("the nearest word is few slips away, or begins with what was written", () => {
  const words = ["memory", "memory-swap", "env", "env-file", "name"];
  expect(findNearest("memroy", words)).toBe("memory");
  expect(findNearest("nmae", words)).toBe("name");
  expect(findNearest("enviroment", words)).toBeUndefined();
  expect(findNearest("mem", words)).toBe("memory");
  expect(findNearest("envx", words)).toBe("env");
  expect(findNearest("x", words)).toBeUndefined();
});
