// What the runtime makes of a config.json with something wrong in it. Ten thousand of them:
// tests/conformance/oci-fuzz.ts.

import { afterAll, expect, test } from "bun:test";
import { underTest } from "../harness/bunker.ts";
import { needsRoot, slowness } from "../harness/tier.ts";
import { FuzzCourse } from "./fuzz-course.ts";
import { FuzzKnownCourse } from "./fuzz-known-course.ts";
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

const KNOWN_COUNT = 20;

suite?.("oci create of a config.json that was broken after it was known", () => {
  const course = new FuzzKnownCourse(openOciBox());
  afterAll(() => course[Symbol.dispose]());
  const first = Math.floor(Date.now() / 86_400_000) * KNOWN_COUNT;

  test(
    `says of ${KNOWN_COUNT} of them what is said where nobody knew it (seeds from ${first})`,
    async () => {
      expect(await course.take(first, KNOWN_COUNT)).toEqual([]);
    },
    TIMEOUT_MS,
  );
});
