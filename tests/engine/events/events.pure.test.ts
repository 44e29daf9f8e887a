// Events: the file that they are in, and which of them are wanted.

import { expect, test } from "bun:test";
import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { formatEvent } from "../../../src/cli/containers/events.ts";
import {
  appendEvent,
  EventReader,
  type EventRecord,
} from "../../../src/engine/events/event-log.ts";
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
      appendEvent(folder, event(String(number), { note }));
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
  expect(() => appendEvent("/proc/nowhere", event("start"))).not.toThrow();
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
