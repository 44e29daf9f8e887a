// The state of containers on disk: names and ids are taken once, and given back.

import { expect, test } from "bun:test";
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { makeId, makeName } from "../../src/engine/names.ts";
import { StateStore } from "../../src/engine/state-store.ts";

function withStore(body: (store: StateStore, folder: string) => void): void {
  const folder = mkdtempSync(`${tmpdir()}/bunker-test-store-`);
  try {
    body(new StateStore(`${folder}/run`), folder);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

test("a name that a container has is refused to another", () => {
  withStore((store) => {
    const place = store.reserve("a".repeat(64), "web");
    expect(() => store.reserve("b".repeat(64), "web")).toThrow(
      'The container name "/web" is already in use by container "aaaaaaaaaaaa',
    );
    expect(store.list()).toEqual(["a".repeat(64)]);
    place.remove();
    store.reserve("b".repeat(64), "web").remove();
  });
});

test("a made-up name that is taken is no failure: another is made up", () => {
  withStore((store) => {
    const names = (attempt: number) => `name${attempt}`;
    const places = ["a", "b", "c"].map((letter) => store.reserve(letter.repeat(64), names));
    expect(places.map(({ name }) => name)).toEqual(["name0", "name1", "name2"]);
    for (const place of places) place.remove();
  });
});

test("a removed container leaves nothing, whatever is in its folder", () => {
  withStore((store, folder) => {
    const place = store.reserve("a".repeat(64), "web");
    place.record("{}");
    place.writeSpec("{}");
    place.remove();
    expect(readdirSync(`${folder}/run/containers`)).toEqual([]);
    expect(readdirSync(`${folder}/run/names`)).toEqual([]);
    expect(existsSync(place.folder)).toBe(false);
  });
});

test("the record is for root alone, always whole JSON, and the last one written", () => {
  withStore((store) => {
    const place = store.reserve("a".repeat(64), "web");
    place.record(JSON.stringify({ id: "a", status: "creating", long: "x".repeat(500) }));
    place.record(JSON.stringify({ id: "a", status: "running" }));
    const path = `${place.folder}/state.json`;
    expect(JSON.parse(readFileSync(path, "utf8"))).toEqual({ id: "a", status: "running" });
    expect(statSync(path).mode & 0o777).toBe(0o600);
    expect(store.readRecord(place.id)?.status).toBe("running");
    place.remove();
  });
});

test("what is locked by its owner is not taken for abandoned", () => {
  withStore((store) => {
    const place = store.reserve("a".repeat(64), "web");
    expect(store.lockAbandoned(place.id)).toBeUndefined();
    place.remove();
  });
});

test("names are two words, and grow a number where those are taken", () => {
  const id = makeId();
  expect(id).toMatch(/^[0-9a-f]{64}$/);
  expect(makeName(id, 0)).toMatch(/^[a-z]+_[a-z]+$/);
  expect(makeName(id, 1)).toMatch(/^[a-z]+_[a-z]+[0-9]+$/);
  expect(makeName(id, 1)).not.toBe(makeName(id, 2));
});
