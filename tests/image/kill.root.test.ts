// Whoever is killed while the store changes leaves a store that works; a full disk, too. The whole
// course is tests/conformance/image-kill.ts.

import { expect, test } from "bun:test";
import { mkdirSync, mkdtempSync } from "node:fs";
import { removeTreeDeep } from "../../src/image/layer/remove-tree.ts";
import { ImageStore } from "../../src/image/store/store.ts";
import { loadArchive } from "../../src/image/transport/load.ts";
import { needsRoot } from "../harness/tier.ts";
import { KillCourse, VERBS } from "./kill-course.ts";
import { inPieces, makeImage, makeLayer, ociArchive } from "./made-image.ts";
import { shell } from "./tree.ts";

needsRoot("the store of images", () => {
  let killed = 0;

  test.each(VERBS)(
    "is whole after %s was killed at any moment",
    async (verb) => {
      using course = new KillCourse("/var/tmp");
      expect(await course.take(verb, 6)).toEqual([]);
      killed += course.killed;
    },
    120_000,
  );

  // One of them alone may be done before a busy machine comes to the signal.
  test("was killed at some of these moments", () => {
    expect(killed).toBeGreaterThan(0);
  });

  test("is whole after the disk was full, and works once there is room", async () => {
    const site = mkdtempSync("/var/tmp/bunker-full-");
    const root = `${site}/small`;
    mkdirSync(root);
    const files = Array.from({ length: 40 }, (_, i) => ({
      name: `f${i}`,
      contents: "x".repeat(50_000),
    }));
    const bytes = ociArchive([
      ["docker.io/library/a:1", makeImage([makeLayer(files, "gzip"), makeLayer(files)])],
    ]);
    try {
      for (const size of ["64k", "1m", "2500k", "4m"]) {
        shell(site, `mount -t tmpfs -o size=${size} tmpfs ${root}`);
        try {
          using store = ImageStore.open(root);
          await expect(loadArchive(inPieces(bytes, 65536), store)).rejects.toThrow(
            /ENOSPC \(no space left on device\)/,
          );
          expect(store.list()).toEqual([]);
          store.release();
          expect(store.sweep()).toBeDefined();
          expect(store.check({ repair: false, verify: true })).toEqual([]);
          shell(site, `mount -o remount,size=64m ${root}`);
          await loadArchive(inPieces(bytes, 65536), store);
          expect(store.list()).toHaveLength(1);
        } finally {
          shell(site, `umount ${root}`);
        }
      }
    } finally {
      removeTreeDeep(site);
    }
  });
});
