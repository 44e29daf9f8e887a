// What is taken out of the set-up because it must be opened before a user namespace is entered.

import { expect, test } from "bun:test";
import { type Call, Slot } from "../../ffi/call.ts";
import { AT_FDCWD, close, openTree } from "../../ffi/calls.ts";
import { takeHostOpens } from "../../src/container/plan-mapped.ts";

const tree = new Slot("tree");
const ofHost = openTree(AT_FDCWD, "/srv", false, tree);
const ofTree = openTree(tree, "", false, new Slot("copy"));

function take(...calls: Call[]): { opens: Call[]; rest: readonly Call[] } {
  const { opens, parts } = takeHostOpens([() => [{ why: "", calls }]]);
  return { opens, rest: parts.flatMap((part) => part().flatMap((step) => step.calls)) };
}

test("paths of the host are opened before, copies of what is open are not", () => {
  const { opens, rest } = take(ofHost, ofTree);
  expect(opens).toEqual([ofHost]);
  expect(rest.map(({ args }) => args[0])).toEqual([tree]);
});

test("a call skips as many fewer as were taken out of what it skips", () => {
  const first = { ...close(1), skipAfterError: 3, skipAfterSuccess: 1 };
  const { rest } = take(first, ofHost, close(2), ofHost, close(3));
  expect(rest.map(({ args }) => args[0])).toEqual([1, 2, 3]);
  expect(rest[0]).toMatchObject({ skipAfterError: 1, skipAfterSuccess: 0 });
});
