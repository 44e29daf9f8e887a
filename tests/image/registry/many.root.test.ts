// Many pulls at once into one store.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readdirSync } from "node:fs";
import { expect, test } from "bun:test";
import { removeTreeDeep } from "../../../src/image/layer/remove-tree.ts";
import { ImageStore } from "../../../src/image/store/store.ts";
import { needsRoot } from "../../harness/tier.ts";
import { makeImage, makeLayer } from "../made-image.ts";
import { FakeRegistry } from "./fake-registry.ts";

const WORKER = new URL("../kill-worker.ts", import.meta.url).pathname;
const PULLS = 16;
const LAYERS = 6;

function makeImages() {
  const layers = Array.from({ length: LAYERS }, (_, layer) => {
    const files = Array.from({ length: 60 }, (_, file) => ({
      name: `${layer}/${file}`,
      contents: `${layer} ${file} `.repeat(2000),
    }));
    return makeLayer(files, layer % 2 === 0 ? "gzip" : "zstd");
  });
  // Each has three of the six, the same ones at the same height in several.
  return Array.from({ length: PULLS }, (_, image) => {
    const chosen = [0, 1 + (image % 2), 3 + (image % 3)].map((index) => layers[index]!);
    return makeImage(chosen, { created: `2020-01-01T00:00:${10 + image}Z` });
  });
}

async function pull(root: string, name: string): Promise<number | null> {
  const child = spawn(process.execPath, [WORKER, "pull", root, name], {
    stdio: ["ignore", "ignore", "inherit"],
  });
  const [code] = await once(child, "exit");
  return code;
}

needsRoot("a store", () => {
  test("gets each image whole when 16 processes pull overlapping ones at once", async () => {
    const root = mkdtempSync("/var/tmp/bunker-many-");
    await using registry = await FakeRegistry.start();
    const images = makeImages();
    images.forEach((image, i) => registry.addMade(`image${i}`, "1", image));
    const names = images.map((_, i) => `${registry.host}/image${i}:1`);
    try {
      const codes = await Promise.all(names.map((name) => pull(root, name)));
      expect(codes).toEqual(names.map(() => 0));
      using store = ImageStore.open(root);
      expect([...store.references().keys()].sort()).toEqual([...names].sort());
      expect(store.sweep()).toBeDefined();
      expect(store.check({ repair: false, verify: true })).toEqual([]);
      expect(readdirSync(store.paths.ingest)).toEqual([]);
      // One at the bottom, two above it, and on each of those three.
      expect(store.layers.list()).toHaveLength(1 + 2 + 6);
    } finally {
      removeTreeDeep(root);
    }
  }, 120_000);
});
