// A caller that is joined to a container sees all of its log, whoever takes the container away meanwhile.
import { expect, test } from "bun:test";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { prepareErrno } from "../../ffi/library.ts";
import { BYTES_FILE, MARK_BYTES, MARKS_FILE } from "../../src/container/guardian-files.ts";
import { LogCursor } from "../../src/engine/containers/log-cursor.ts";

prepareErrno();

const text = (cursor: LogCursor): string =>
  [...cursor.pieces(false)].map(({ bytes }) => new TextDecoder().decode(bytes)).join("");

test("a log that is begun is read although its container was removed before the first look", () => {
  const folder = mkdtempSync(`${tmpdir()}/bunker-log-`);
  using cursor = new LogCursor(folder, { kind: "first" }, true);
  mkdirSync(`${folder}/log/0`, { recursive: true });
  writeFileSync(`${folder}/log/0/${BYTES_FILE}`, "out\n");
  writeFileSync(`${folder}/log/0/${MARKS_FILE}`, new Uint8Array(MARK_BYTES));
  cursor.begin();
  rmSync(folder, { recursive: true });
  expect(text(cursor)).toBe("out\n");
});

test("nothing is read twice for having been begun", () => {
  const folder = mkdtempSync(`${tmpdir()}/bunker-log-`);
  mkdirSync(`${folder}/log/0`, { recursive: true });
  writeFileSync(`${folder}/log/0/${BYTES_FILE}`, "out\n");
  writeFileSync(`${folder}/log/0/${MARKS_FILE}`, new Uint8Array(MARK_BYTES));
  using cursor = new LogCursor(folder, { kind: "first" }, true);
  cursor.begin();
  expect(text(cursor)).toBe("out\n");
  expect(text(cursor)).toBe("");
  rmSync(folder, { recursive: true });
});
