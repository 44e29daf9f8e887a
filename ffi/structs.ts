// C structs as tables: [field, type, offset]. Sizes and offsets are those of 64-bit Linux, which
// x86-64 and arm64, glibc and musl share; a test compares each with the C compiler's.

export type FieldType = "u8" | "i8" | "u16" | "i16" | "u32" | "i32" | "u64" | "i64";

/** A struct's name in C, its size, and the fields that bunker reads or writes. */
export interface Struct<N extends string> {
  readonly cName: string;
  readonly byteLength: number;
  readonly fields: readonly (readonly [name: N, type: FieldType, offset: number])[];
}

/** A function that reads one field of the struct in `bytes`; 64-bit fields become numbers. */
export function structReader<N extends string>(
  struct: Struct<N>,
  bytes: Uint8Array,
): (name: N) => number {
  const view = viewOf(struct, bytes);
  return (name) => {
    for (const field of struct.fields) {
      if (field[0] === name) return readScalar(view, field[1], field[2]);
    }
    throw new Error(`${struct.cName} has no field ${name}`);
  };
}

/** Writes the named fields into `bytes`; the others stay as they are. */
export function writeStruct<N extends string>(
  struct: Struct<N>,
  bytes: Uint8Array,
  values: { readonly [K in N]?: number },
): void {
  const view = viewOf(struct, bytes);
  for (const field of struct.fields) {
    const value = values[field[0]];
    if (value !== undefined) writeScalar(view, field[1], field[2], value);
  }
}

function viewOf(struct: Struct<string>, bytes: Uint8Array): DataView {
  if (bytes.byteLength < struct.byteLength) {
    throw new Error(`${struct.cName} needs ${struct.byteLength} bytes: got ${bytes.byteLength}`);
  }
  return new DataView(bytes.buffer, bytes.byteOffset, struct.byteLength);
}

/** One scalar of a C struct, little-endian as both architectures are. */
export function readScalar(view: DataView, type: FieldType, offset: number): number {
  switch (type) {
    case "u8":
      return view.getUint8(offset);
    case "i8":
      return view.getInt8(offset);
    case "u16":
      return view.getUint16(offset, true);
    case "i16":
      return view.getInt16(offset, true);
    case "u32":
      return view.getUint32(offset, true);
    case "i32":
      return view.getInt32(offset, true);
    case "u64":
      return Number(view.getBigUint64(offset, true));
    case "i64":
      return Number(view.getBigInt64(offset, true));
  }
}

/** Sets one scalar; a 64-bit one is taken modulo 2^64, so that -1 is "all bits". */
export function writeScalar(view: DataView, type: FieldType, offset: number, value: number): void {
  switch (type) {
    case "u8":
    case "i8":
      return view.setUint8(offset, value);
    case "u16":
    case "i16":
      return view.setUint16(offset, value, true);
    case "u32":
    case "i32":
      return view.setUint32(offset, value >>> 0, true);
    case "u64":
    case "i64":
      return view.setBigUint64(offset, BigInt.asUintN(64, BigInt(value)), true);
  }
}
