// What is kept of a run is what would be planned for the next one, whatever its id and its maker's pid.

import { afterAll, describe, expect, test } from "bun:test";
import { mkdirSync, mkdtempSync, readlinkSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { Channel } from "../../ffi/agent/channel.ts";
import {
  ARENA_OFFSET,
  CHANNEL_ADDRESS,
  RECORD_ARGUMENTS,
  RECORD_BYTES,
} from "../../ffi/agent/layout.ts";
import { syscallNumber } from "../../ffi/syscall-numbers.ts";
import { detectCgroups } from "../../cgroups/detect.ts";
import { observe } from "../../ffi/observe.ts";
import { stillHolds } from "../../src/engine/replay/holds.ts";
import { findKept, keep, keptPlaces } from "../../src/engine/replay/kept.ts";
import { meet } from "../../src/engine/replay/launch.ts";
import { findGivenName } from "../../src/engine/replay/given-name.ts";
import { planRun, rehearse } from "../../src/engine/replay/rehearse.ts";
import { rehearseLaunch } from "../../src/container/write-score.ts";
import type { RunOptions } from "../../src/engine/run-options.ts";
import { baseOptions } from "./base-options.ts";

const folder = mkdtempSync(`${tmpdir()}/bunker-replay-`);
afterAll(() => rmSync(folder, { recursive: true }));

const rootfs = `${folder}/rootfs`;
mkdirSync(`${rootfs}/etc`, { recursive: true });
writeFileSync(`${rootfs}/etc/passwd`, "web:x:1000:1000:web:/home/web:/bin/sh\n");

const plain: Partial<RunOptions> = {
  root: { kind: "rootfs", path: rootfs },
  command: ["/bin/true"],
};

const parse = (options: Partial<RunOptions>) => async () => ({
  ...baseOptions,
  remove: true,
  ...plain,
  ...options,
});

/** One in the background is kept under a name of its own. */
const detached = { detach: true, remove: false } as const;

const keptOf = (options: Partial<RunOptions>) =>
  rehearseLaunch(64, (standIn) => planRun(`${folder}/run`, parse(options), standIn));

const NEXT = { id: "9".repeat(64), pid: 4711, gateFd: 9 };
const nextOf = (options: Partial<RunOptions>) => planRun(`${folder}/run`, parse(options), NEXT);

// cgroup v2 wants device filters, which no batch can load yet.
const isReplayed = detectCgroups().join("/x").how === "self";
if (!isReplayed) console.warn("skipped: a kept launch: runs are replayed on cgroup v1 only");

const CASES: readonly (readonly [string, Partial<RunOptions>])[] = [
  ["a plain run", {}],
  ["limits", { resources: { memoryBytes: 64 * 1024 * 1024, pidsLimit: 100, cpuShares: 512 } }],
  ["another user, in another folder", { user: { user: "web" }, workdir: "/tmp" }],
  ["the host's own root", { root: { kind: "host" } }],
  ["no filter, no capabilities", { security: { ...baseOptions.security, seccomp: "unconfined" } }],
  ["variables that are no ASCII", { env: ["NAME=süß", "OTHER=日本"] }],
  ["in the background", detached],
  [
    "in the background, with a stdin and a log that is rotated",
    {
      ...detached,
      interactive: true,
      log: { driver: "local", maxBytes: 4096, maxFiles: 3 },
    },
  ],
];

describe.skipIf(!isReplayed)("a kept launch", () => {
  test.each(CASES)("is the plan of the next run: %s", async (_, options) => {
    const [kept, next] = [await keptOf(options), await nextOf(options)];
    if (kept === undefined || next === undefined) throw new Error("not kept");
    const { ids, pids, gates, ...score } = kept.score;
    const memory = new ArrayBuffer(128 * 1024);
    new Uint8Array(memory).set(kept.arena, ARENA_OFFSET);
    const channel = new Channel(() => memory);
    channel.insert(NEXT.id, ids);
    for (const offset of pids) channel.words[offset >> 2] = NEXT.pid;
    const arena = new Uint8Array(memory, ARENA_OFFSET, score.arenaBytes);
    expect(ids.length).toBeGreaterThan(5);
    expect({ pids: pids.length, gates: gates.length }).toEqual({ pids: 1, gates: 0 });
    expect(Buffer.compare(arena, next.written.arena)).toBe(0);
    expect(next.written.score).toEqual(score);
  });

  test("in the background lets no init process outlive its agent before its pid is on record", async () => {
    const kept = await keptOf(detached);
    const { guardian, exec } = kept?.score ?? {};
    if (kept === undefined || guardian === undefined || exec === undefined) throw new Error();
    const words = new Int32Array(
      kept.arena.buffer,
      kept.arena.byteOffset + exec[0] - ARENA_OFFSET - RECORD_BYTES,
    );
    expect(words[0]).toBe(syscallNumber("futex"));
    expect(words[RECORD_ARGUMENTS / 4]).toBe(CHANNEL_ADDRESS + guardian.recorded);
  });

  test.each<[string, Partial<RunOptions>]>([
    ["a terminal", { tty: true, interactive: true }],
    ["--init", { init: true }],
    ["a user namespace", { userns: { kind: "auto" } }],
    ["another container's namespaces", { network: { kind: "container", name: "x" } as never }],
    ["the host's pids", { pid: { kind: "host" } }],
    ["the other performer", { performer: "process" }],
    ["a pid file", { pidfile: "/tmp/x" }],
    ["a health check", { ...detached, health: { test: ["CMD", "/bin/true"] } }],
    ["one that is kept, and whose caller reads along", { remove: false }],
  ])("is not made for %s", async (_, options) => {
    const made = await keptOf(options).catch(() => undefined);
    expect(made).toBeUndefined();
  });
});

describe("the name that a command line gives", () => {
  const withoutName = (...words: string[]) => findGivenName(words)?.withName(null);

  test.each<[string[], (string | null)[] | undefined]>([
    [
      ["-d", "--name", "web", "image"],
      ["-d", "--name", null, "image"],
    ],
    [
      ["--name=web", "--detach", "image"],
      [null, "--detach", "image"],
    ],
    [["--name", "web", "image"], undefined],
    [["-d", "image", "--named", "x"], undefined],
    [["-d", "--name"], undefined],
    [["-d", "--name", "w", "image"], undefined],
    [["-d", "--name", "-web", "image"], undefined],
    [["-d", "--name", "a b", "image"], undefined],
  ])("is found, or there is none: %p", (words, expected) => {
    expect(withoutName(...words)).toEqual(expected);
  });

  test("is another one for another, and nothing else is", () => {
    const given = findGivenName(["-d", "--name=web", "image", "--name=web"]);
    expect(given?.name).toBe("web");
    expect(given?.withName("db")).toEqual(["-d", "--name=db", "image", "--name=web"]);
  });

  test.skipIf(!isReplayed).each<[string, Partial<RunOptions>]>([
    ["which is another flag's value", { ...detached, env: ["--name"] }],
    ["of a run in the foreground", { name: "any" }],
    ["which the container is to see", { ...detached, labels: {} }],
  ])("is not left open where it is none, %s", async (title, options) => {
    const words = ["-d", "--name", "web", "image"];
    const [path] = keptPlaces(`${folder}/run`, title);
    const entry = { path, key: title, failures: 0 };
    // The parser says what the words are: here they are what the case says.
    const asked: (string | undefined)[] = [];
    const parseWords = async (given: readonly string[] = words) => {
      asked.push(given[2]);
      const name = options.name === undefined ? {} : { name: given[2] ?? "" };
      const all = { ...baseOptions, remove: true, ...plain, ...options, ...name };
      return title.includes("to see")
        ? { ...all, name: given[2] ?? "", env: [`NAME=${given[2]}`] }
        : all;
    };
    await rehearse(entry, `${folder}/run`, parseWords, findGivenName(words));
    using found = findKept(`${folder}/run`, title);
    expect(found.file?.kept.refused).toBe(true);
    expect(asked).not.toContain("web");
  });
});

describe("a kept file", () => {
  const runFolder = `${folder}/run`;
  const [path] = keptPlaces(runFolder, "key");
  const entry = { path, key: "key", failures: 0 };
  const later = { launch: { standInId: "", cgroupDirectories: [] } } as never;

  /** What is found of a request. */
  function lookUp(key: string) {
    using found = findKept(runFolder, key);
    return found.file?.kept;
  }

  test("is found by the whole of its key", () => {
    keep(entry, { refused: true });
    expect(lookUp("key")?.refused).toBe(true);
    expect(lookUp("kez")).toBeUndefined();
  });

  test("is a symlink for a request that was seen once, and known by it", () => {
    keep(entry);
    expect(readlinkSync(path)).toStartWith("seen-once:");
    expect(lookUp("key")).toEqual({ key: "key" });
    expect(lookUp(firstOf((text) => keptPlaces(runFolder, text)[0] === path))).toBeUndefined();
    keep(entry, later);
    expect(lookUp("key")?.launch).toBeDefined();
  });

  test("is not lost to another request that falls on the same place", () => {
    const rivals: string[] = [];
    for (let i = 0; rivals.length < 2; i++) {
      if (keptPlaces(runFolder, `other ${i}`)[0] === path) rivals.push(`other ${i}`);
    }
    keep(entry, later);
    for (const key of rivals) {
      using found = findKept(runFolder, key);
      expect(found.path).not.toBe(path);
      keep({ path: found.path, key, failures: 0 }, later);
    }
    for (const key of ["key", ...rivals]) expect(lookUp(key)?.launch).toBeDefined();
  });

  test("makes room where nothing of it is replayed, unless there is an empty place", () => {
    keep(entry);
    const key = firstOf((text) => keptPlaces(runFolder, text)[0] === path);
    const [, second] = keptPlaces(runFolder, key);
    const placeOf = (): string => {
      using found = findKept(runFolder, key);
      return found.path;
    };
    rmSync(second, { force: true });
    expect(placeOf()).toBe(second);
    keep({ path: second, key: "another", failures: 0 }, later);
    expect(placeOf()).toBe(path);
    keep({ path: second, key: "another", failures: 0 });
    keep(entry, later);
    expect(placeOf()).toBe(second);
  });

  function firstOf(isWanted: (text: string) => boolean): string {
    for (let i = 0; ; i++) if (isWanted(`later ${i}`)) return `later ${i}`;
  }

  test("is tried again after a failure, and not after three", async () => {
    const meetOnce = async (outcome: number | "failed") => {
      using found = findKept<{ standInId: string; cgroupDirectories: string[] }>(runFolder, "key");
      return meet(
        found,
        async () => outcome,
        async (asked) => keep(asked, later),
      );
    };
    keep(entry, later);
    expect((await meetOnce(7)).exitCode).toBe(7);
    for (let failures = 0; failures < 3; failures++) {
      expect((await meetOnce("failed")).exitCode).toBeUndefined();
      await (await meetOnce(7)).afterwards?.();
    }
    expect(await meetOnce(7)).toEqual({});
  });

  test("is none of ours where others may write to it, or it has another name", async () => {
    keep(entry, later);
    const { chmodSync, linkSync } = await import("node:fs");
    chmodSync(path, 0o620);
    expect(lookUp("key")).toBeUndefined();
    keep(entry, later);
    linkSync(path, `${path}.link`);
    expect(lookUp("key")).toBeUndefined();
  });
});

describe("what was observed", () => {
  test("holds until an answer is another one", async () => {
    const look = async (): Promise<string> => {
      const { readContainerFile } = await import("../../src/engine/container-files.ts");
      return readContainerFile(rootfs, "etc/passwd");
    };
    const { observations } = await observe(look);
    expect(observations).toHaveLength(1);
    expect(stillHolds(observations, "no id", "")).toBe(true);
    writeFileSync(`${rootfs}/etc/passwd`, "web:x:1001:1001:web:/home/web:/bin/sh\n");
    expect(stillHolds(observations, "no id", "")).toBe(false);
  });
});
