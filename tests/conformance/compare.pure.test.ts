// How the results of the suites are read, and how bunker is judged by them.

import { expect, test } from "bun:test";
import { judge, parseExceptions, passedByPeers } from "./compare.ts";
import { parseTap, type Row } from "./results.ts";

const row = (name: string, outcome: Row["outcome"]): Row => ({
  file: "run.bats",
  test: name,
  outcome,
  seconds: "",
  reason: "",
});

test("a TAP line is a row: outcome, time, why it was skipped, what a failure said", () => {
  const tap = [
    "1..4",
    "ok 1 runc run in 459ms",
    "not ok 2 runc exec in 2sec",
    "# (in test file run.bats, line 3)",
    "# runc exec: no",
    "ok 3 runc events # skip test requires cgroups_v2",
    "ok 4 - tty-in #SKIP",
  ].join("\n");
  expect(parseTap("run.bats", tap)).toEqual([
    { file: "run.bats", test: "runc run", outcome: "passed", seconds: "0.5", reason: "" },
    {
      file: "run.bats",
      test: "runc exec",
      outcome: "failed",
      seconds: "2",
      reason: "(in test file run.bats, line 3) ⏎ runc exec: no",
    },
    {
      file: "run.bats",
      test: "runc events",
      outcome: "skipped",
      seconds: "",
      reason: "test requires cgroups_v2",
    },
    { file: "run.bats", test: "tty-in", outcome: "skipped", seconds: "", reason: "" },
  ]);
});

test("what a peer passes is owed, unless it stands among the exceptions", () => {
  const passed = passedByPeers(
    new Map([
      ["runc", [row("a", "passed"), row("b", "passed"), row("c", "failed")]],
      ["crun", [row("a", "failed"), row("b", "passed"), row("d", "passed")]],
    ]),
  );
  const own = [row("a", "failed"), row("b", "skipped"), row("d", "passed")];
  const exceptions = parseExceptions(
    "# why\nrunc-trixie | run.bats | b | no such thing\n* | run.bats | d | x",
  );
  expect(judge("runc-trixie", own, passed, exceptions)).toEqual({
    owed: ["run.bats: a [failed; passed by runc]"],
    excepted: ["run.bats: b [skipped; passed by runc, crun]: no such thing"],
    needless: ["run.bats: d"],
  });
});

test("an exception without a reason is refused", () => {
  expect(() => parseExceptions("* | run.bats | a")).toThrow(
    'exceptions.txt: not "suite | file | test | reason": * | run.bats | a',
  );
});
