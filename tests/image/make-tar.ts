// Makes archives byte by byte, right or wrong, without the code that is tested: what a header says
// need not be so.

/** What goes into a header; what is left out is as an ordinary file has it. */
export interface RawEntry {
  readonly name?: string;
  /** One character; "0" is a file. */
  readonly type?: string;
  readonly link?: string;
  readonly mode?: string | number;
  readonly uid?: string | number | Uint8Array;
  readonly gid?: string | number | Uint8Array;
  /** As the header says it; the contents' length unless given. A Uint8Array is taken as it is. */
  readonly size?: string | number | Uint8Array;
  readonly time?: string | number | Uint8Array;
  readonly magic?: string;
  readonly prefix?: string;
  readonly major?: string | number | Uint8Array;
  readonly minor?: string | number | Uint8Array;
  readonly checksum?: "right" | "signed" | "wrong" | "zero" | string;
  readonly contents?: Uint8Array | string;
  /** Bytes put over the header before the checksum is made. */
  readonly patch?: readonly (readonly [offset: number, bytes: Uint8Array | string])[];
  /** Whether the contents are filled up to 512. */
  readonly padded?: boolean;
}

export const BLOCK = 512;

/** A text's characters as bytes, one each. */
export const latin1 = (text: string): Uint8Array => new Uint8Array(Buffer.from(text, "latin1"));

export const join = (...parts: readonly Uint8Array[]): Uint8Array =>
  new Uint8Array(Buffer.concat(parts));

const asBytes = (value: Uint8Array | string): Uint8Array =>
  typeof value === "string" ? latin1(value) : value;

/** One entry: header, contents, filling. */
export function entry(raw: RawEntry): Uint8Array {
  const contents = asBytes(raw.contents ?? "");
  const block = new Uint8Array(BLOCK);
  const put = (offset: number, value: Uint8Array | string) => block.set(asBytes(value), offset);
  const number = (offset: number, digits: number, value: string | number | Uint8Array) => {
    put(offset, typeof value === "number" ? value.toString(8).padStart(digits, "0") : value);
  };
  put(0, (raw.name ?? "file").slice(0, 100));
  number(100, 7, raw.mode ?? 0o644);
  number(108, 7, raw.uid ?? 0);
  number(116, 7, raw.gid ?? 0);
  number(124, 11, raw.size ?? contents.length);
  number(136, 11, raw.time ?? 1_000_000_000);
  put(156, raw.type ?? "0");
  put(157, (raw.link ?? "").slice(0, 100));
  put(257, raw.magic ?? "ustar\x0000");
  number(329, 7, raw.major ?? 0);
  number(337, 7, raw.minor ?? 0);
  if (raw.prefix !== undefined) put(345, raw.prefix);
  for (const [offset, bytes] of raw.patch ?? []) put(offset, bytes);
  put(148, checksumOf(block, raw.checksum ?? "right"));
  const isPadded = raw.padded ?? true;
  const filling = isPadded ? (BLOCK - (contents.length % BLOCK)) % BLOCK : 0;
  return join(block, contents, new Uint8Array(filling));
}

function checksumOf(block: Uint8Array, kind: string): string {
  const spaces = Uint8Array.from(block).fill(0x20, 148, 156);
  const sum = spaces.reduce((total, byte) => total + byte, 0);
  const signed = spaces.reduce((total, byte) => total + (byte > 127 ? byte - 256 : byte), 0);
  const octal = (value: number) => `${value.toString(8).padStart(6, "0")}\0 `;
  if (kind === "right") return octal(sum);
  if (kind === "signed") return octal(signed);
  if (kind === "wrong") return octal(sum + 1);
  return kind === "zero" ? "\0".repeat(8) : kind;
}

/** The end of an archive. */
export const END = new Uint8Array(2 * BLOCK);

/** An archive of entries, with its end. */
export const archive = (...entries: readonly (RawEntry | Uint8Array)[]): Uint8Array =>
  join(...entries.map((each) => (each instanceof Uint8Array ? each : entry(each))), END);

/** A PAX record with the right length. */
export function paxRecord(key: string, value: string): string {
  let length = key.length + value.length + 3;
  length += String(length + String(length).length).length;
  return `${length} ${key}=${value}\n`;
}

/** The PAX header that stands before an entry. */
export function pax(records: Readonly<Record<string, string>> | string, type = "x"): Uint8Array {
  const text =
    typeof records === "string"
      ? records
      : Object.entries(records)
          .map(([key, value]) => paxRecord(key, value))
          .join("");
  return entry({ name: "PaxHeaders/x", type, contents: text });
}

/** GNU's long name ("L") or long link ("K"). */
export const gnuLong = (type: "L" | "K", text: string): Uint8Array =>
  entry({ name: "././@LongLink", type, contents: `${text}\0`, magic: "ustar  \0" });

/** A number in base 256 in a field of `length` bytes. */
export function base256(value: bigint, length: number): Uint8Array {
  const bytes = new Uint8Array(length);
  let rest = value;
  for (let i = length - 1; i >= 0; i--) {
    bytes[i] = Number(rest & 0xffn);
    rest >>= 8n;
  }
  bytes[0] = (bytes[0] ?? 0) | 0x80;
  return bytes;
}

/** The pieces of a sparse file as GNU's header has them. */
export function sparseField(pieces: readonly (readonly [number | bigint, number])[]): Uint8Array {
  const parts = pieces.map(([offset, length]) => {
    const octal = (value: number | bigint) =>
      typeof value === "bigint"
        ? base256(value, 12)
        : latin1(`${value.toString(8).padStart(11, "0")}\0`);
    return join(octal(offset), octal(length));
  });
  return join(...parts);
}

/** A sparse file of GNU's old form. */
export function oldSparse(
  name: string,
  pieces: readonly (readonly [number | bigint, number])[],
  realSize: number | bigint,
  contents: string,
  more: Uint8Array = new Uint8Array(),
): Uint8Array {
  const size =
    typeof realSize === "bigint"
      ? base256(realSize, 12)
      : latin1(`${realSize.toString(8).padStart(11, "0")}\0`);
  const header = entry({
    name,
    type: "S",
    magic: "ustar  \0",
    size: contents.length,
    patch: [
      [386, sparseField(pieces)],
      [482, more.length > 0 ? "\x01" : "\0"],
      [483, size],
    ],
  });
  const body = join(latin1(contents), new Uint8Array((BLOCK - (contents.length % BLOCK)) % BLOCK));
  return join(header, more, contents.length === 0 ? new Uint8Array() : body);
}
