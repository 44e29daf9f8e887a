// Whatever is typed, the answer is options or a refusal: never a crash, never a silent change.
import { expect, test } from "bun:test";
import { runCommand, parseRun } from "../../src/cli/run.ts";
import { UserError } from "../../src/errors.ts";
import { makeWorld } from "./world.ts";

const pieces = [
  "",
  "0",
  "-1",
  "1e9",
  "/",
  "./",
  "..",
  ":",
  ",",
  "=",
  '"',
  "'",
  "a",
  "é",
  "\u{1F4A5}",
  " ",
  "\n",
  "%",
  "0x",
  "9".repeat(30),
  "type=bind",
  "src=/",
  "dst=/x",
  "container:",
  "ns:/",
  "ro",
  "rw",
  "k",
  "mb",
  "__proto__",
  "\\",
];
const world = makeWorld({ "/a/": "" });

/** Numbers that are the same in every run, so that a failure can be repeated (xorshift). */
function makeRandom(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return Math.abs(state) % below;
  };
}

test("20,000 random lines of run are understood or refused in one line", () => {
  const random = makeRandom(20_251_122);
  const names = Object.keys(runCommand.flags);
  let understood = 0;
  for (let round = 0; round < 20_000; round++) {
    const value = Array.from({ length: random(4) }, () => pieces[random(pieces.length)]).join("");
    const name = names[random(names.length)] ?? "";
    const short = runCommand.flags[name]?.short ?? "z";
    const forms = [[`--${name}=${value}`], [`--${name}`, value], [`-${short}${value}`], [value]];
    const argv = [...(forms[random(forms.length)] ?? []), "/bin/true"];
    try {
      if (parseRun(argv, world) !== undefined) understood++;
    } catch (error) {
      if (!(error instanceof UserError)) throw new Error(JSON.stringify(argv), { cause: error });
      expect(error.message).not.toBe("");
      expect([1, 125]).toContain(error.exitCode);
    }
  }
  expect(understood).toBeGreaterThan(1000);
});
