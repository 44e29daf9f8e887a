// How a container has ended, as it is written down by its guardian, or by who took that one's place.

import { expect, test } from "bun:test";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { prepareErrno } from "../../ffi/library.ts";
import {
  ADOPTED_OFFSET,
  EXIT_BYTES,
  PIDFD_INFO_EXIT,
  PIDFD_INFO_STATUS_OFFSET,
  SIGINFO_BYTES,
} from "../../src/container/guardian-files.ts";
import { askForExit } from "../../src/container/plan-guardian.ts";
import { readExit } from "../../src/engine/containers/exit-file.ts";

prepareErrno();

/** What is read of a file with these bytes, and the present time behind them. */
function codeIn(bytes: Uint8Array): number | undefined {
  const folder = mkdtempSync(`${tmpdir()}/bunker-exit-`);
  try {
    new DataView(bytes.buffer).setBigInt64(SIGINFO_BYTES, 1_700_000_000n, true);
    writeFileSync(`${folder}/exit`, bytes);
    return readExit(folder)?.code;
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** The answer of PIDFD_GET_INFO, as Linux gives it from 6.13 on. */
function answered(mask: number, status = 0): Uint8Array {
  const bytes = new Uint8Array(EXIT_BYTES);
  bytes[ADOPTED_OFFSET] = 1;
  const view = new DataView(bytes.buffer);
  view.setBigUint64(0, BigInt(mask), true);
  view.setInt32(PIDFD_INFO_STATUS_OFFSET, status, true);
  return bytes;
}

test("the end of somebody else's child is what the kernel says of it", () => {
  expect(codeIn(answered(PIDFD_INFO_EXIT, 9 << 8))).toBe(9);
  expect(codeIn(answered(PIDFD_INFO_EXIT, 0))).toBe(0);
  expect(codeIn(answered(PIDFD_INFO_EXIT, 9))).toBe(137);
});

test("and 255 where it says nothing: Linux 6.13 and 6.14", () => {
  expect(codeIn(answered(7))).toBe(255);
});

test("and 255 where it does not know the question, before Linux 6.13", () => {
  expect(codeIn(askForExit())).toBe(255);
});
