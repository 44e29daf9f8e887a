// An executable whose segments lie in the file as they do in memory, to 2 MiB, so that the kernel can
// map it by that much at a time. Code and memory stay as they are; there are zeros before a segment.
//
//   as linked    offset 0x1838d00, address 0x1a40d00: no 2 MiB of memory are 2 MiB of the file
//   aligned      offset 0x1840d00, address 0x1a40d00

/** What one page fault maps at most, of either architecture. */
export const HUGE_PAGE_BYTES = 2 * 1024 * 1024;

// elf(5): offsets in the headers of 64-bit files, and their sizes.
const PROGRAM_HEADERS = { at: 32, count: 56, size: 56, offset: 8, address: 16 } as const;
const SECTION_HEADERS = { at: 40, count: 60, size: 64, offset: 24 } as const;
const PT_LOAD = 1;

/** From `from` on in the file as it was, everything lies `by` further on. */
interface Shift {
  readonly from: number;
  readonly by: number;
}

/** The file with zeros before each segment whose place in it does not agree with its address. */
export function alignSegments(file: Uint8Array): Uint8Array {
  const view = new DataView(file.buffer, file.byteOffset, file.byteLength);
  const shifts = listShifts(view);
  const aligned = new Uint8Array(file.length + (shifts.at(-1)?.by ?? 0));
  let end = file.length;
  for (const { from, by } of shifts.toReversed()) {
    aligned.set(file.subarray(from, end), from + by);
    end = from;
  }
  aligned.set(file.subarray(0, end));
  moveHeaders(view, new DataView(aligned.buffer), shifts);
  return aligned;
}

function listShifts(view: DataView): Shift[] {
  const shifts: Shift[] = [];
  let shifted = 0;
  for (const header of headersOf(view, PROGRAM_HEADERS)) {
    if (view.getUint32(header, true) !== PT_LOAD) continue;
    const from = getWord(view, header + PROGRAM_HEADERS.offset);
    const address = getWord(view, header + PROGRAM_HEADERS.address);
    const missing = modulo(address - (from + shifted), HUGE_PAGE_BYTES);
    if (missing > 0) shifts.push({ from, by: (shifted += missing) });
  }
  return shifts;
}

/** Tells the headers where everything is now. */
function moveHeaders(from: DataView, to: DataView, shifts: readonly Shift[]): void {
  const moved = (offset: number): number =>
    offset + (shifts.findLast((shift) => shift.from <= offset)?.by ?? 0);
  for (const kind of [PROGRAM_HEADERS, SECTION_HEADERS]) {
    for (const header of headersOf(from, kind)) {
      setWord(to, moved(header) + kind.offset, moved(getWord(from, header + kind.offset)));
    }
    setWord(to, kind.at, moved(getWord(from, kind.at)));
  }
}

/** Where in the file each header of a kind is. */
function headersOf(
  view: DataView,
  { at, count, size }: typeof PROGRAM_HEADERS | typeof SECTION_HEADERS,
): number[] {
  const first = getWord(view, at);
  return Array.from({ length: view.getUint16(count, true) }, (_, i) => first + i * size);
}

const getWord = (view: DataView, offset: number): number => Number(view.getBigUint64(offset, true));
const setWord = (view: DataView, offset: number, value: number): void =>
  view.setBigUint64(offset, BigInt(value), true);
const modulo = (value: number, by: number): number => ((value % by) + by) % by;
