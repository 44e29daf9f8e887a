// Which parts of an executable a start needs much of, by 2 MiB. Measured, not computed: where the page
// faults of a replayed `run` and `oci run` lie, of those parts that have ten or more.
//
//   perf record -e exceptions:page_fault_user dist/bunker run …; perf script
//
// To be measured again for another Bun. The executables must not be laid out so already.

/** Addresses in an executable of Bun for x86-64. */
const HOT_ADDRESSES = [
  0x200000, 0xe00000, 0x1000000, 0x1400000, 0x1c00000, 0x2400000, 0x2600000, 0x2800000, 0x3400000,
  0x5400000, 0x5a00000,
];

/** Of that executable: where its first byte is in memory, and what its code is to be known by. */
const LOAD_ADDRESS = 0x200000;
const TEXT = { header: 64 + 3 * 56, address: 0x1a40d00n, byteLength: 0x4e08f90n } as const;

/**
 * Where in `file` each of them begins; none of an executable that was not measured.
 * @param file aligned: an address is as far from the load address as in the file
 */
export function findHotRegions(file: Uint8Array): ReadonlySet<number> {
  const view = new DataView(file.buffer, file.byteOffset, file.byteLength);
  // elf(5): its code is the fourth segment, after its headers, its interpreter and its constants.
  const address = view.getBigUint64(TEXT.header + 16, true);
  const byteLength = view.getBigUint64(TEXT.header + 40, true);
  if (address !== TEXT.address || byteLength !== TEXT.byteLength) return new Set();
  return new Set(HOT_ADDRESSES.map((hot) => hot - LOAD_ADDRESS));
}
