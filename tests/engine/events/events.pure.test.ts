// Events: the file that they are in, and which of them are wanted.

import { expect, test } from "bun:test";
import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { formatEvent } from "../../../src/cli/containers/events.ts";
import { appendEvents, type EventRecord } from "../../../src/engine/events/event-log.ts";
import { EventReader } from "../../../src/engine/events/event-reader.ts";
import { EventParser } from "../../../src/engine/events/parse-events.ts";
import {
  HEAD_BYTES,
  TIME_OFFSET,
  TOLD_BY_AGENT,
} from "../../../src/engine/events/told-by-agent.ts";
import { makeName } from "../../../src/engine/names.ts";
import { isWanted } from "../../../src/engine/events/follow.ts";

const event = (action: string, more: Record<string, string> = {}): EventRecord => ({
  timeMs: Date.UTC(2026, 0, 2, 3, 4, 5) + 0.25,
  type: "container",
  action,
  id: "0123456789ab",
  attributes: { image: "localhost/a:1", name: "web", ...more },
});

test("no event is lost or seen twice while the file is changed for a new one", () => {
  const folder = mkdtempSync(`${tmpdir()}/bunker-events-`);
  try {
    using reader = new EventReader(folder);
    const seen: string[] = [];
    const note = "x".repeat(4096);
    for (let number = 0; number < 2500; number++) {
      appendEvents(folder, [event(String(number), { note })]);
      if (number % 100 === 99) for (const { action } of reader.next()) seen.push(action);
    }
    expect(seen).toEqual(Array.from({ length: 2500 }, (_, number) => String(number)));
    expect(readdirSync(folder).sort()).toEqual(["events", "events.1"]);
    using another = new EventReader(folder);
    const all = [...another.before(), ...another.next()].map(({ action }) => action);
    expect(all.at(-1)).toBe("2499");
    expect(all.length).toBeGreaterThan(1000);
  } finally {
    rmSync(folder, { recursive: true });
  }
});

test("an event that cannot be written down fails nobody", () => {
  expect(() => appendEvents("/proc/nowhere", [event("start")])).not.toThrow();
});

test("filters: any value of a key, and all of the keys", () => {
  const started = event("exec_create: sh -c true", { tier: "front" });
  const cases: readonly [Record<string, string[]>, boolean][] = [
    [{}, true],
    [{ event: ["start", "exec_create"] }, true],
    [{ event: ["exec_create: sh -c true"] }, true],
    [{ event: ["start"] }, false],
    [{ container: ["web"], type: ["container"] }, true],
    [{ container: ["0123"] }, true],
    [{ container: ["we"] }, false],
    [{ image: ["localhost/a"] }, true],
    [{ image: ["localhost/a:1"] }, true],
    [{ image: ["a"] }, false],
    [{ label: ["tier=front"] }, true],
    [{ label: ["tier=back"] }, false],
    [{ type: ["network"] }, false],
    [{ scope: ["local"] }, true],
    [{ network: ["web"] }, true],
    [{ volume: ["db"] }, false],
  ];
  for (const [filters, wanted] of cases) {
    expect([filters, isWanted(started, new Map(Object.entries(filters)))]).toEqual([
      filters,
      wanted,
    ]);
  }
});

test("a line has the time to the nanosecond, and the attributes by their names", () => {
  expect(formatEvent(event("die", { exitCode: "3" }))).toMatch(
    /^2026-01-0\d.*:05\.000250000(Z|[+-]\d\d:\d\d) container die 0123456789ab \(exitCode=3, image=localhost\/a:1, name=web\)$/,
  );
});

test("an image is found by its id, by its name, and by that without its tag", () => {
  const tagged: EventRecord = {
    timeMs: 0,
    type: "image",
    action: "tag",
    id: "sha256:0123",
    attributes: { name: "localhost/a:1" },
  };
  for (const [value, wanted] of [
    ["sha256:0123", true],
    ["localhost/a:1", true],
    ["localhost/a", true],
    ["localhost/b", false],
  ] as const) {
    expect([value, isWanted(tagged, new Map([["image", [value]]]))]).toEqual([value, wanted]);
  }
});

/** A line as an agent writes it. */
function toldByAgent(seconds: number, line: object): Uint8Array {
  const text = new TextEncoder().encode(`${JSON.stringify(line)}\n`);
  const bytes = new Uint8Array(HEAD_BYTES + text.length);
  bytes[0] = TOLD_BY_AGENT;
  new DataView(bytes.buffer).setBigInt64(TIME_OFFSET, BigInt(seconds), true);
  new DataView(bytes.buffer).setBigInt64(TIME_OFFSET + 8, 500_000_000n, true);
  bytes.set(text, HEAD_BYTES);
  return bytes;
}

// 10 is a newline among the bytes of a time.
const SECONDS = 0x6a0a_0a0a;

test("what agents tell is read among the others' lines, wherever the bytes are cut", () => {
  const id = "ab".repeat(32);
  const told = { type: "container", id, attributes: { image: "host" } };
  const bytes = Buffer.concat([
    Buffer.from(`${JSON.stringify(event("start"))}\n`),
    toldByAgent(SECONDS, { ...told, actions: ["create", "start"] }),
    Buffer.from('{"cut off\n'),
    toldByAgent(SECONDS + 10, {
      ...told,
      actions: ["die", "destroy"],
      attributes: { image: "host", exitCode: "0" },
    }),
    Buffer.from(`${JSON.stringify(event("die"))}\n`),
  ]);
  const name = makeName(id, 0);
  const timeMs = SECONDS * 1000 + 500;
  const begin = { timeMs, type: "container", id, attributes: { image: "host", name } };
  const end = { ...begin, timeMs: timeMs + 10_000 };
  const die = { ...end.attributes, execDuration: "10", exitCode: "0" };
  for (let cut = 0; cut <= bytes.length; cut++) {
    const parser = new EventParser();
    const seen = [
      ...parser.take(bytes.subarray(0, cut), false),
      ...parser.take(bytes.subarray(cut), true),
    ];
    expect(seen).toEqual([
      event("start"),
      { ...begin, action: "create" },
      { ...begin, action: "start" },
      { ...end, action: "die", attributes: die },
      { ...end, action: "destroy" },
      event("die"),
    ]);
  }
});
