// Takes away what a container has of networks. Small, as every end of a container may need it.

import { MNT } from "../../../ffi/constants.ts";
import { fileType, listDirectory, removeFile, tryRemoveDirectory } from "../../../ffi/files.ts";
import { umount2 } from "../../../ffi/mount.ts";
import { isSyscallError, SyscallError } from "../../../ffi/syscall-error.ts";
import { findFirewall, type Transaction } from "../../../network/firewall.ts";
import {
  type RunningProgram,
  startTransaction,
  startTransactionsAndRemove,
} from "../../../network/program.ts";
import { publishedOf } from "../../../network/ruleset.ts";
import { UserError } from "../../errors.ts";
import { runFolder } from "../run-folder.ts";
import {
  type Attachment,
  attachmentPath,
  listAttachedIds,
  lockAttachment,
  readAttachment,
  removeAttachment,
} from "./attachments.ts";
import { removeCni } from "./cni-plugins.ts";
import { ipNetnsPath, netnsPath } from "./netns-path.ts";
import { NetworkStore } from "./network-store.ts";
import { listReservations, markOf, releaseAbandoned } from "./release.ts";

/**
 * Gives everything back that a container has of networks, as far as it is there; without a container
 * of that id it does nothing. One failure does not stop the rest; the first is thrown.
 */
export function tearDownNetwork(id: string): void {
  const store = new NetworkStore();
  using lock = lockAttachment(store, id);
  const attachment = lock === undefined ? undefined : readAttachment(store, id);
  const failures: unknown[] = [];
  const attempt = (act: () => void): void => {
    try {
      act();
    } catch (error) {
      failures.push(error);
    }
  };
  // Order: the rules first, so that no port leads to an address that is somebody else's by then.
  const removals = (attachment === undefined ? [] : planRemoval(attachment)).map((removal) => ({
    removal,
    running: startTransaction(removal),
  }));
  // Order: while their namespace is there.
  for (const each of attachment?.cni ?? []) attempt(() => removeCni(id, each));
  attempt(() => removeNamespace(id));
  for (const { removal, running } of removals) {
    attempt(() => finishRemoval(removal, running));
  }
  if (attachment === undefined) {
    attempt(() => releaseAbandoned(store, () => (mark) => mark === markOf(id)));
  } else {
    for (const file of listReservations(store, attachment)) attempt(() => removeFile(file));
  }
  // What could not be taken away now is found by the next sweep.
  if (failures.length > 0) throw failures[0];
  removeAttachment(store, id);
}

/**
 * The same, for a container that ends right now: its ports go meanwhile, and without being waited for.
 * Until they are gone they are the container's, and who wants them waits for its lock.
 */
export function startRemoval(attachment: Attachment): boolean {
  const { id, cni = [] } = attachment;
  const removals = planRemoval(attachment);
  if (removals.length === 0 || cni.length > 0) return false;
  const store = new NetworkStore();
  using lock = lockAttachment(store, id);
  if (lock === undefined) return false;
  const folder = store.folder("");
  const paths = [...listReservations(store, attachment), attachmentPath(store, id)];
  const files = paths.map((path) => path.slice(folder.length));
  startTransactionsAndRemove(removals, folder, files, lock.number);
  return true;
}

function planRemoval(attachment: Attachment): Transaction[] {
  const published = publishedOf(attachment);
  return published === undefined ? [] : findFirewall().planPortRemoval(published);
}

/** Where one thing is missing nothing is removed: then one after the other. */
export function finishRemoval(removal: Transaction, running: RunningProgram): void {
  if (running.finish().status === 0) return;
  for (const part of findFirewall().split(removal)) startTransaction(part).finish();
}

/** Kernel: with its last name and its last process the namespace goes, and with it both ends of links. */
export function removeNamespace(id: string): void {
  removeFile(ipNetnsPath(id));
  const path = netnsPath(id);
  if (fileType(path) === 0) return;
  try {
    umount2(path, MNT.MNT_DETACH);
  } catch (error) {
    // Killed between the file and the mount.
    if (!isSyscallError(error, "EINVAL")) throw error;
  }
  removeFile(path);
  tryRemoveDirectory(path.slice(0, path.lastIndexOf("/")));
}

/** Takes away what containers have left that are gone: those without a state folder. */
export function sweepNetworks(store = new NetworkStore()): void {
  const run = runFolder(process.env);
  const isThere = (id: string): boolean => fileType(`${run}/containers/${id}`) !== 0;
  const gone = new Set<string>();
  for (const id of listAttachedIds(store)) if (!isThere(id)) gone.add(id);
  for (const { name } of listDirectory(`${run}/netns`) ?? []) if (!isThere(name)) gone.add(name);
  for (const id of gone) tryTearDown(id);
  releaseAbandoned(store, () => {
    const there = (listDirectory(`${run}/containers`) ?? []).map(({ name }) => markOf(name));
    const marks = new Set(there);
    return (mark) => !marks.has(mark);
  });
}

/** What cannot be taken away now is left to the next command: it is no failure of this one. */
export function tryTearDown(id: string): void {
  try {
    tearDownNetwork(id);
  } catch (error) {
    if (!(error instanceof SyscallError || error instanceof UserError)) throw error;
  }
}
