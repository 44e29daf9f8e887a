// bunker, killed while it does something to a container that is kept.

import { describe, expect, test } from "bun:test";
import { needsRoot } from "../harness/tier.ts";
import { openBox } from "../run/box.ts";
import { CrashCourse, VERBS } from "./crash-course.ts";
import { CrashMatrix, PHASES, VICTIMS } from "./crash-matrix.ts";

const STRIDE = 60;
const HITS = 1;
const TIMEOUT_MS = 120_000;
const day = Math.floor(Date.now() / 86_400_000);

needsRoot("a command that is killed at any call", () => {
  const box = openBox(true);

  test.each(VERBS)(
    "%s leaves what ps shows and rm -f removes",
    async (verb) => {
      using course = new CrashCourse(box);
      expect(await course.take(verb, STRIDE, Date.now())).toEqual([]);
    },
    TIMEOUT_MS,
  );
});

needsRoot("a container", () => {
  const box = openBox(true);

  // Each day another phase for each victim; all of them in tests/conformance/crash-matrix.ts.
  describe.each(VICTIMS)("hit by a crash of its world: %s", (victim) => {
    const phase = PHASES[(day + VICTIMS.indexOf(victim)) % PHASES.length] ?? "running";
    test(
      `while ${phase}: ps is right, its log is whole, rm -f works`,
      async () => {
        using matrix = new CrashMatrix(box);
        const { hits, problems } = await matrix.take(victim, phase, HITS);
        expect(problems).toEqual([]);
        expect(hits).toBe(HITS);
      },
      TIMEOUT_MS,
    );
  });
});
