// bunker, killed while it does something to a container that is kept.

import { expect, test } from "bun:test";
import { needsRoot } from "../harness/tier.ts";
import { openBox } from "../run/box.ts";
import { CrashCourse, VERBS } from "./crash-course.ts";

const STRIDE = 60;
const TIMEOUT_MS = 120_000;

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
