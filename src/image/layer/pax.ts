// PAX records: `LENGTH KEY=VALUE\n`, what an archive says of an entry that its header has no room
// for. pax(1), tar(5). Text is in byte strings.

import { Buffer } from "node:buffer";
import { invalidArchive } from "./tar-entry.ts";

/** In their order, as sparse maps repeat their keys. */
export type PaxRecords = readonly (readonly [key: string, value: string])[];

const LENGTH_DIGITS_MAX = 10;

/** @throws UserError where the records are not what they say */
export function parsePax(bytes: Buffer): PaxRecords {
  const records: [string, string][] = [];
  let at = 0;
  while (at < bytes.length) {
    // Some archivers fill the block up with zeros and count them in.
    if (bytes[at] === 0) break;
    const space = bytes.indexOf(0x20, at);
    if (space < 0 || space - at > LENGTH_DIGITS_MAX)
      return invalidArchive("a PAX record has no length");
    const digits = bytes.toString("latin1", at, space);
    const end = at + Number(digits);
    if (!/^[0-9]+$/.test(digits) || end > bytes.length || end <= space || bytes[end - 1] !== 0x0a) {
      return invalidArchive("the length of a PAX record is wrong");
    }
    const equals = bytes.indexOf(0x3d, space);
    if (equals < 0 || equals >= end) return invalidArchive("a PAX record has no value");
    const key = bytes.toString("latin1", space + 1, equals);
    records.push([key, bytes.toString("latin1", equals + 1, end - 1)]);
    at = end;
  }
  return records;
}

/** One record. Its length counts its own digits. */
export function formatPaxRecord(key: string, value: string): string {
  const rest = key.length + value.length + 3;
  let length = rest + String(rest).length;
  if (String(length).length !== String(rest).length) length = rest + String(length).length;
  return `${length} ${key}=${value}\n`;
}

export interface PaxTime {
  readonly seconds: number;
  readonly nanoseconds: number;
}

/** `-12.5` is half a second after -13. */
export function parsePaxTime(text: string): PaxTime {
  const found = /^(-?)([0-9]{1,15})(?:\.([0-9]*))?$/.exec(text);
  if (found === null) return invalidArchive(`"${text.slice(0, 40)}" is no time`);
  const [, sign, whole = "0", fraction = ""] = found;
  const nanoseconds = Number(fraction.slice(0, 9).padEnd(9, "0"));
  if (sign === "") return { seconds: Number(whole), nanoseconds };
  if (nanoseconds === 0) return { seconds: -Number(whole), nanoseconds: 0 };
  return { seconds: -Number(whole) - 1, nanoseconds: 1e9 - nanoseconds };
}

export function formatPaxTime({ seconds, nanoseconds }: PaxTime): string {
  if (nanoseconds === 0) return String(seconds);
  if (seconds >= 0) return `${seconds}.${fraction(nanoseconds)}`;
  return `-${-seconds - 1}.${fraction(1e9 - nanoseconds)}`;
}

const fraction = (nanoseconds: number): string =>
  String(nanoseconds).padStart(9, "0").replace(/0+$/, "");

/** A whole number from 0 on. */
export function parsePaxNumber(text: string, what: string): number {
  const value = Number(text);
  if (!/^[0-9]+$/.test(text) || !Number.isSafeInteger(value)) {
    invalidArchive(`${what} must be a number: got "${text.slice(0, 40)}"`);
  }
  return value;
}

const XATTR = "SCHILY.xattr.";
const LIBARCHIVE_XATTR = "LIBARCHIVE.xattr.";

/** The extended attributes in some records; undefined where there are none. */
export function paxAttributes(records: PaxRecords): Map<string, Uint8Array> | undefined {
  let found: Map<string, Uint8Array> | undefined;
  for (const [key, value] of records) {
    if (key.startsWith(XATTR)) {
      (found ??= new Map()).set(key.slice(XATTR.length), Buffer.from(value, "latin1"));
    } else if (key.startsWith(LIBARCHIVE_XATTR)) {
      // libarchive writes both; what was there first is the plain form.
      const name = unescapeName(key.slice(LIBARCHIVE_XATTR.length));
      found ??= new Map();
      if (!found.has(name)) found.set(name, Buffer.from(value, "base64"));
    }
  }
  return found;
}

const unescapeName = (name: string): string =>
  name.replaceAll(/%([0-9A-Fa-f]{2})/g, (_, hex: string) => String.fromCharCode(parseInt(hex, 16)));
