// The names that a container without a name of its own may have: of each the first digits of the id, by
// which the engine gives names (src/engine/names.ts), the name, and the name as a record has it. A prelude
// chooses one of them by chance.

export const ROW_COUNT = 256;

export interface Row {
  readonly prefix: string;
  readonly name: string;
}

const BYTES = 128;
const PREFIX_BYTES = 8;
const NAME_BYTES = 48;

/** struct: the prefix, the name with NULs behind it, the JSON with spaces behind it. */
export const ROW = {
  bytes: BYTES,
  prefixBytes: PREFIX_BYTES,
  nameBytes: NAME_BYTES,
  jsonBytes: BYTES - PREFIX_BYTES - NAME_BYTES,
  /** As a record has it. */
  json: (name: string): string => `"name":${JSON.stringify(name)},`,
  write(rows: readonly Row[]): Uint8Array {
    const bytes = new Uint8Array(rows.length * BYTES);
    rows.forEach(({ prefix, name }, index) => {
      bytes.set(encode(prefix), index * BYTES);
      bytes.set(encode(name), index * BYTES + PREFIX_BYTES);
      const json = ROW.json(name).padEnd(ROW.jsonBytes);
      bytes.set(encode(json), index * BYTES + PREFIX_BYTES + NAME_BYTES);
    });
    return bytes;
  },
} as const;

const encode = (text: string): Uint8Array => new TextEncoder().encode(text);
