// What an archive says of one file. Names are byte strings (ffi/tree.ts): an archive need not be in
// UTF-8, and what is unpacked must have the very bytes.

import { UserError } from "../../errors.ts";

export type EntryType = "file" | "link" | "symlink" | "char" | "block" | "folder" | "fifo";

export interface TarEntry {
  /** As it stands there: it may be absolute, or lead out. */
  readonly name: string;
  readonly type: EntryType;
  /** What a hard link or a symlink points to; else "". */
  readonly linkName: string;
  /** Permissions with the set-user-id, set-group-id and sticky bits. */
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
  /** Of a file, holes counted; else 0. */
  readonly size: number;
  /** Time of change; before 1970 it is negative. */
  readonly seconds: number;
  readonly nanoseconds: number;
  /** Of a device. */
  readonly major: number;
  readonly minor: number;
  /** Extended attributes by their whole names. */
  readonly attributes?: ReadonlyMap<string, Uint8Array>;
}

/** What happens to the entries of an archive, one after the other. */
export interface TarSink {
  entry(entry: TarEntry): void;
  /** Contents of the last entry, a file. What lies in no piece is a hole. */
  data(bytes: Uint8Array, offset: number): void;
  /** The last entry is complete. */
  end(): void;
}

/** @throws UserError */
export function invalidArchive(reason: string): never {
  throw new UserError(`the archive is not valid: ${reason}`);
}
