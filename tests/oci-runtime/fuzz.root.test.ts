// What the runtime makes of a config.json with something wrong in it. Ten thousand of them:
// tests/conformance/oci-fuzz.ts.

import { afterAll, expect, test } from "bun:test";
import { underTest } from "../harness/bunker.ts";
import { needsRoot, slowness } from "../harness/tier.ts";
import { FuzzCourse } from "./fuzz-course.ts";
import { openOciBox } from "./oci-box.ts";

const COUNT = 300;
const TIMEOUT_MS = 120_000;

const suite = underTest() === "binary" && slowness() === 1 ? needsRoot : undefined;
suite?.("oci create of a broken config.json", () => {
  const course = new FuzzCourse(openOciBox());
  /** Other files each day. */
  const first = Math.floor(Date.now() / 86_400_000) * COUNT;
  afterAll(() => expect(course.refused).toBeGreaterThan(COUNT / 3));

  test(
    `answers ${COUNT} of them in words, and leaves nothing (seeds from ${first})`,
    async () => {
      expect(await course.take(first, COUNT)).toEqual([]);
    },
    TIMEOUT_MS,
  );
});
