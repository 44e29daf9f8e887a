// What is left empty in an executable: the beginnings of the pages that its code and its data begin in.
// elf(5)

/** Room in the file, and where it is in memory. */
export interface Gap {
  readonly offset: number;
  readonly address: number;
  readonly byteLength: number;
}

export interface Gaps {
  /** Executable. */
  readonly code: Gap;
  /** Writable. */
  readonly data: Gap;
}

/** What tells an executable from others: so many characters before its entry. */
export const BUILD_LENGTH = 16;

const EM_X86_64 = 62;
const ET_EXEC = 2;
const PT_LOAD = 1;
const PF_X = 1;
const PF_W = 2;
const HEADER = { type: 16, machine: 18, first: 32, count: 56 } as const;
const SEGMENT = { bytes: 56, flags: 4, offset: 8, address: 16 } as const;
const PAGE_BYTES = 4096;

/** undefined of another architecture, of one without a place of its own, and where there is none. */
export function findGaps(view: DataView): Gaps | undefined {
  if (view.getUint16(HEADER.machine, true) !== EM_X86_64) return undefined;
  if (view.getUint16(HEADER.type, true) !== ET_EXEC) return undefined;
  const first = Number(view.getBigUint64(HEADER.first, true));
  let code: Gap | undefined;
  let data: Gap | undefined;
  for (let index = 0; index < view.getUint16(HEADER.count, true); index++) {
    const at = first + index * SEGMENT.bytes;
    if (view.getUint32(at, true) !== PT_LOAD) continue;
    const flags = view.getUint32(at + SEGMENT.flags, true);
    if ((flags & PF_X) !== 0) code ??= gapBefore(view, at);
    if ((flags & PF_W) !== 0) data ??= gapBefore(view, at);
  }
  return code === undefined || data === undefined ? undefined : { code, data };
}

function gapBefore(view: DataView, at: number): Gap {
  const offset = Number(view.getBigUint64(at + SEGMENT.offset, true));
  const address = Number(view.getBigUint64(at + SEGMENT.address, true));
  const byteLength = address % PAGE_BYTES;
  return { offset: offset - byteLength, address: address - byteLength, byteLength };
}
