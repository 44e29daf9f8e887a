import { expect, test } from "bun:test";
import { parseKeys, stepOf } from "../../../src/cli/live/keys.ts";

test.each([
  ["q", ["q"]],
  ["\u0003\u001a", ["ctrl-c", "ctrl-z"]],
  ["\u001b[A\u001bOB", ["up", "down"]],
  ["\u001b", ["escape"]],
  ["\u001b[5~\u001b[6~", ["page-up", "page-down"]],
  // A mouse, a function key: no key of ours, and no letters either.
  ["\u001b[<0;10;5Mq\u001b[15~", ["q"]],
] as const)("%j is %j", (typed, keys) => {
  expect(parseKeys(new TextEncoder().encode(typed))).toEqual([...keys]);
});

test.each([
  ["up", -1],
  ["k", -1],
  ["down", 1],
  ["j", 1],
  ["page-up", -10],
  ["page-down", 10],
  ["home", -Infinity],
  ["end", Infinity],
  ["q", undefined],
  ["constructor", undefined],
] as const)("%p goes on by %p where 10 lines fit", (key, step) => {
  expect(stepOf(key, 10)).toBe(step);
});
