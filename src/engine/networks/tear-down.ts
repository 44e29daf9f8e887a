// Takes away what a container has of networks. Small, as every end of a container may need it.

import { MNT } from "../../../ffi/constants.ts";
import { fileType, listDirectory, removeFile, tryRemoveDirectory } from "../../../ffi/files.ts";
import { umount2 } from "../../../ffi/mount.ts";
import { isSyscallError, SyscallError } from "../../../ffi/syscall-error.ts";
import { findFirewall, type Transaction } from "../../../network/firewall.ts";
import { forgetFlows } from "../../../network/flows.ts";
import { startTransactionsAndRemove } from "../../../network/program.ts";
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
  const published = attachment && publishedOf(attachment);
  const isDone = published && findFirewall().removePorts(published);
  // Order: while their namespace is there.
  for (const each of attachment?.cni ?? []) attempt(() => removeCni(id, each));
  attempt(() => removeNamespace(id));
  if (isDone !== undefined) attempt(isDone);
  if (published !== undefined) attempt(() => forgetFlows(published.ports));
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
 * Until they are gone they are the container's, and who wants them waits for its lock. False where
 * nothing is to be left to somebody else: then nothing but the namespace is gone.
 */
export function startRemoval(store: NetworkStore, known: Attachment): boolean {
  if (planLateRemoval(known).length === 0) return false;
  const { id } = known;
  // Order: the namespace first, as what is started here takes a processor that this process needs.
  removeNamespace(id);
  using lock = lockAttachment(store, id);
  if (lock === undefined) return false;
  // Its ports may lead elsewhere by now.
  const attachment = readAttachment(store, id) ?? known;
  const removals = planLateRemoval(attachment);
  if (removals.length === 0) return false;
  const folder = store.folder("");
  const paths = [...listReservations(store, attachment), attachmentPath(store, id)];
  const files = paths.map((path) => path.slice(folder.length));
  startTransactionsAndRemove(removals, folder, files, lock.number);
  return true;
}

/** Plugins have to be waited for. */
function planLateRemoval(attachment: Attachment): Transaction[] {
  const published = publishedOf(attachment);
  if (published === undefined || (attachment.cni ?? []).length > 0) return [];
  return findFirewall().planLateRemoval(published);
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

/** What cannot be taken away now is left to the next command: it is no failure of this one. False then. */
export function tryTearDown(id: string): boolean {
  try {
    tearDownNetwork(id);
    return true;
  } catch (error) {
    if (!(error instanceof SyscallError || error instanceof UserError)) throw error;
    return false;
  }
}
