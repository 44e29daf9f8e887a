// A disk that becomes full while an image is made. With 50 amounts of room each in
// tests/conformance/image-kill.ts.

import { afterAll, beforeAll, expect, setDefaultTimeout, test } from "bun:test";
import { needsRoot, slowness } from "../harness/tier.ts";
import { FILLING_VERBS, FullDisk } from "./full-disk.ts";

needsRoot("on a full disk", () => {
  setDefaultTimeout(60_000 * slowness());
  let disk: FullDisk;
  beforeAll(async () => {
    disk = await FullDisk.open();
  });
  afterAll(() => disk[Symbol.asyncDispose]());

  test.each(FILLING_VERBS)(
    "%s says so, damages nothing, and works once there is room",
    async (verb) => {
      const { hits, problems } = await disk.take(verb, 1);
      expect(problems).toEqual([]);
      expect(hits).toBe(1);
    },
  );
});
