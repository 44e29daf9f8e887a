// What a runtime leaves that is killed in the middle of its work: nothing that delete --force cannot
// clear.

import { afterAll, expect, test } from "bun:test";
import { underTest } from "../harness/bunker.ts";
import { needsRoot, slowness } from "../harness/tier.ts";
import { KillCourse, VERBS } from "./kill-course.ts";
import { openOciBox } from "./oci-box.ts";

/** Other calls each day, so that in the end each has its turn. */
const STRIDE = 15;
const TIMEOUT_MS = 120_000;

// From source most calls are the runtime's own: the executable is what is worth the time.
const suite = underTest() === "binary" && slowness() === 1 ? needsRoot : undefined;
suite?.("oci verbs, killed at their system calls", () => {
  const box = openOciBox();
  const course = new KillCourse(box);
  afterAll(() => course[Symbol.dispose]());
  afterAll(() => expect(course.killed).toBeGreaterThan(course.survived));
  const day = Math.floor(Date.now() / 86_400_000);

  for (const verb of VERBS) {
    test(
      `${verb} leaves nothing that delete --force does not remove`,
      async () => {
        expect(await course.take(verb, STRIDE, day)).toEqual([]);
      },
      TIMEOUT_MS,
    );
  }
});
