// A container's record: what is written is read again, and so is what an earlier bunker, a prelude, or nobody
// has written.

import { expect, test } from "bun:test";
import { mkdtempSync, rmSync, utimesSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import {
  formatFixed,
  formatRecord,
  formatRest,
  formatStatus,
  INIT_KEY,
  parseRecord,
} from "../../../src/engine/oci/record-text.ts";
import type { OciRecord } from "../../../src/engine/oci/store.ts";

const RECORD: OciRecord = {
  id: 'c1"\\',
  ociVersion: "1.2.0",
  status: "created",
  bundle: "/b/ä",
  rootfs: "/b/rootfs",
  created: "2026-11-27T00:51:14.250830913Z",
  cgroupsPath: "/c1",
  initPid: 4711,
  initStart: "5093820",
  ownerUid: 0,
  annotations: { a: "b" },
  cgroupDirectories: ["/sys/fs/cgroup/c1"],
};
const NOWHERE = "/nonexistent";

test.each<[string, OciRecord]>([
  ["plain", RECORD],
  ["with hooks", { ...RECORD, hasHooks: true }],
  ["in others' pid namespace", { ...RECORD, sharesPids: true }],
  ["with a group of resctrl", { ...RECORD, resctrlGroup: "/sys/fs/resctrl/c1" }],
  ["of which nobody knows yet", { ...RECORD, status: "creating", initPid: 0, initStart: "" }],
])("a record %s is read as it was written", (_, record) => {
  expect(parseRecord(formatRecord(record), NOWHERE)).toEqual(record);
  expect(parseRecord(formatRecord(record).padEnd(4096), NOWHERE)).toEqual(record);
});

test("a record without known cgroups is one", () => {
  const { cgroupDirectories: _, ...record } = RECORD;
  expect(formatFixed(record)).toBeUndefined();
  expect(parseRecord(formatRecord(record), NOWHERE)).toEqual(record);
});

test("the record of an earlier bunker is read", () => {
  expect(parseRecord(JSON.stringify(RECORD).padEnd(1024), NOWHERE)).toEqual(RECORD);
});

test("a prelude's record has the init process's own words, and the time of its config.json", () => {
  const folder = mkdtempSync(`${tmpdir()}/bunker-record-`);
  try {
    writeFileSync(`${folder}/config.json`, "{}");
    utimesSync(`${folder}/config.json`, 1_000_000_000.5, 1_000_000_000.5);
    const stat = "4711 (a) b) R 4710 4711 4711 0 -1 64 3 0 0 0 0 0 0 0 20 0 1 0 5093820 169";
    const text =
      `${formatFixed(RECORD)}${formatStatus("created")}${INIT_KEY}${stat}` +
      formatRest({ ...RECORD, created: "" });
    expect(parseRecord(text, folder)).toEqual({
      ...RECORD,
      created: "2001-09-09T01:46:40.500000000Z",
    });
    expect(parseRecord(text, NOWHERE)?.created).toBe("");
  } finally {
    rmSync(folder, { recursive: true });
  }
});

test("what is no record was never finished", () => {
  for (const text of [undefined, "", "{", formatRecord(RECORD).slice(0, 60)]) {
    expect(parseRecord(text, NOWHERE)).toBeUndefined();
  }
});
