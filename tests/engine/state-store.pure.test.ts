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

test("a prelude's record has the processes' own words, and the file's time for its own", () => {
  withStore((store) => {
    const place = store.reserve("a".repeat(64), "web");
    const fields = Array.from({ length: 49 }, (_, index) => String(1000 + index));
    const stat = (pid: number, start: number): string => {
      const own = fields.with(22 - 4, String(start));
      return `${pid} (a (name)) S ${own.join(" ")}`.slice(0, 160);
    };
    const basis = { id: place.id, name: "web", createdMs: 0, cgroupsPath: "/x" };
    place.record(JSON.stringify({ ...basis, status: "creating", agentPid: 0, initPid: 0 }));
    const creating = store.readRecord(place.id);
    expect(creating).toMatchObject({ status: "creating", agentPid: 0, initPid: 0, initStart: "" });
    const running = {
      ...basis,
      status: "running",
      agentStat: stat(41, 777),
      initStat: stat(42, 778),
    };
    place.record(JSON.stringify(running));
    const record = store.readRecord(place.id);
    expect(record).toMatchObject({
      ...{ id: place.id, name: "web", status: "running", cgroupsPath: "/x" },
      ...{ agentPid: 41, agentStart: "777", initPid: 42, initStart: "778" },
    });
    expect(Math.abs((record?.createdMs ?? 0) - Date.now())).toBeLessThan(60_000);
    // One whose processes had no words yet: nobody is taken for them.
    place.record(JSON.stringify({ ...running, agentStat: "", initStat: "" }));
    expect(store.readRecord(place.id)).toMatchObject({
      agentPid: 0,
      agentStart: "",
      initPid: 0,
      initStart: "",
    });
    place.remove();
  });
});

test("a place that another process has taken is given back whole, with or without its name", () => {
  withStore((store, folder) => {
    const [first, second] = ["a", "b"].map((letter) =>
      store.reserve(letter.repeat(64), `web-${letter}`),
    );
    if (first === undefined || second === undefined) return;
    store.adopt(first.id, first.name, first.lock).remove();
    expect(readdirSync(`${folder}/run/names`)).toEqual(["web-b"]);
    store.freeName("web-b");
    store.adopt(second.id, undefined, second.lock).remove();
    expect(readdirSync(`${folder}/run/names`)).toEqual([]);
    expect(readdirSync(`${folder}/run/containers`)).toEqual([]);
  });
});
