// A container's folder that is kept for the next one, where removing it takes long.
import { afterAll, describe, expect, test } from "bun:test";
import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { OciStore } from "../../src/engine/oci/store.ts";
import { keepSpare } from "../../src/engine/spare-folder.ts";
import { StateStore } from "../../src/engine/state-store.ts";

const box = mkdtempSync(`${tmpdir()}/bunker-spare-`);
afterAll(() => rmSync(box, { recursive: true }));

function makeFolder(name: string): string {
  mkdirSync(`${box}/${name}`);
  return `${box}/${name}`;
}

test("one folder is kept, and only where it is empty", () => {
  const spare = `${box}/one`;
  const full = makeFolder("full");
  writeFileSync(`${full}/somebody's`, "");
  expect(keepSpare(full, spare)).toBe(false);
  expect(keepSpare(makeFolder("first"), spare)).toBe(true);
  expect(keepSpare(makeFolder("second"), spare)).toBe(false);
  expect(existsSync(`${box}/second`)).toBe(true);
  expect(readdirSync(spare)).toEqual([]);
});

describe("a store with a spare folder", () => {
  test("of OCI containers makes the next one's of it, and nothing of it is left in either", () => {
    const root = makeFolder("oci");
    const spare = `${box}/spare-oci`;
    for (const id of ["first", "second", "third"]) {
      using container = new OciStore(root, spare).reserve(id);
      expect(existsSync(spare)).toBe(false);
      expect(readdirSync(container.folder)).toEqual(["state.json"]);
      expect(() => new OciStore(root, spare).reserve(id)).toThrow("already exists");
      container.remove();
      expect(readdirSync(root)).toEqual([]);
      expect(readdirSync(spare)).toEqual([]);
    }
  });

  test("of runs does so, and has no id of it", () => {
    const folder = makeFolder("run");
    const store = new StateStore(folder, `${folder}/spare`);
    for (const id of ["first", "second"]) {
      const place = store.reserve(id, `name-${id}`);
      place.record("{}");
      expect(readdirSync(place.folder)).toEqual(["state.json"]);
      place.remove();
      expect(store.list()).toEqual([]);
      expect(readdirSync(`${folder}/spare`)).toEqual([]);
    }
  });
});
