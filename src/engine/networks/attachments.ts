// What a container has of networks, written before any of it is made: whoever finds it can take all of
// it away. The DNS reads its answers here.

import { O } from "../../../ffi/constants.ts";
import { Fd } from "../../../ffi/fd.ts";
import {
  fileType,
  listDirectory,
  makeDirectoryTree,
  openFile,
  readTextIfThere,
  removeFile,
  renameFile,
  writeText,
} from "../../../ffi/files.ts";
import { flock, LOCK } from "../../../ffi/flock.ts";
import { isSyscallError } from "../../../ffi/syscall-error.ts";
import type { CniNetwork, CniResult } from "../../../network/cni.ts";
import type { Endpoint, PortMapping } from "../../../network/definition.ts";
import type { NetworkStore } from "./network-store.ts";

export interface Attachment {
  readonly id: string;
  readonly name: string;
  readonly hostname: string;
  readonly endpoints: readonly Endpoint[];
  readonly ports: readonly PortMapping[];
  /** Whom the DNS asks for this container, instead of the host's servers. */
  readonly dns: readonly string[];
  /** What plugins make. */
  readonly cni?: readonly CniAttachment[];
}

/** A CNI network of a container: as its file was, for that may change meanwhile. */
export interface CniAttachment {
  readonly network: CniNetwork;
  readonly link: string;
  readonly ports: readonly PortMapping[];
  readonly result?: CniResult;
}

const pathOf = (store: NetworkStore, id: string): string =>
  `${store.folder("attachments")}/${id}.json`;

export function writeAttachment(store: NetworkStore, attachment: Attachment): void {
  const path = pathOf(store, attachment.id);
  const text = JSON.stringify(attachment);
  try {
    writeText(`${path}.new`, text, { mode: 0o600 });
  } catch (error) {
    if (!isSyscallError(error, "ENOENT")) throw error;
    makeDirectoryTree(store.folder("attachments"), 0o700);
    writeText(`${path}.new`, text, { mode: 0o600 });
  }
  renameFile(`${path}.new`, path);
}

/** What the container has; undefined where it has nothing, or nothing was made yet. */
export function readAttachment(store: NetworkStore, id: string): Attachment | undefined {
  const text = readTextIfThere(pathOf(store, id));
  if (text === undefined) return undefined;
  try {
    const attachment: Attachment = JSON.parse(text);
    return attachment;
  } catch {
    return undefined;
  }
}

/**
 * The lock of whoever takes away what a container has: two at once would take away what is another's
 * by then. Blocks; undefined where there is nothing (any more).
 */
export function lockAttachment(store: NetworkStore, id: string): Fd | undefined {
  const path = pathOf(store, id);
  let number: number;
  try {
    number = openFile(path, O.O_RDONLY);
  } catch (error) {
    if (isSyscallError(error, "ENOENT")) return undefined;
    throw error;
  }
  const lock = new Fd(number);
  flock(lock.number, LOCK.LOCK_EX, path);
  if (fileType(path) !== 0) return lock;
  lock[Symbol.dispose]();
  return undefined;
}

export const attachmentPath = pathOf;

export function removeAttachment(store: NetworkStore, id: string): void {
  removeFile(pathOf(store, id));
  removeFile(`${pathOf(store, id)}.new`);
}

export function listAttachments(store: NetworkStore): Attachment[] {
  const found: Attachment[] = [];
  for (const id of listAttachedIds(store)) {
    const attachment = readAttachment(store, id);
    if (attachment !== undefined) found.push(attachment);
  }
  return found;
}

/** Also of those of which only half a file is there. */
export function listAttachedIds(store: NetworkStore): string[] {
  const ids = new Set<string>();
  for (const { name } of listDirectory(store.folder("attachments")) ?? []) {
    ids.add(name.slice(0, name.indexOf(".")));
  }
  return [...ids];
}
