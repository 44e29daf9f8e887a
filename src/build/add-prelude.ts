// An executable that performs a tape before it starts the runtime: src/container/prelude/boot.ts says
// which. The code goes into what the linker leaves empty before the executable's own, and the tape into
// what it leaves before its data; both are mapped with them. Nothing of the runtime is changed.

import { type EntryAddresses, entryBytes } from "../../ffi/agent/entry.ts";
import { writeBoot } from "../container/prelude/boot.ts";
import { BUILD_LENGTH, findGaps } from "../container/prelude/gaps.ts";

const ENTRY = 24;

/**
 * @param file aligned; changed in place
 * @param build what tells it from others
 * @returns false where it is left as it is: another architecture, or no room
 */
export function addPrelude(file: Uint8Array, build: string): boolean {
  const view = new DataView(file.buffer, file.byteOffset, file.byteLength);
  const gaps = findGaps(view);
  if (gaps === undefined || process.arch !== "x64") return false;
  const { code, data } = gaps;
  const boot = writeBoot(data.address, Number(view.getBigUint64(ENTRY, true)), build);
  const entry = entryBytes(boot satisfies EntryAddresses);
  if (boot.bytes.length > data.byteLength) return false;
  if (BUILD_LENGTH + entry.length > code.byteLength) return false;
  file.set(new TextEncoder().encode(build), code.offset);
  file.set(entry, code.offset + BUILD_LENGTH);
  file.set(boot.bytes, data.offset);
  view.setBigUint64(ENTRY, BigInt(code.address + BUILD_LENGTH), true);
  return true;
}
