// Gives addresses and ports back: see reserve.ts.

import { listDirectory, readLink, removeFile } from "../../../ffi/files.ts";
import type { PortMapping } from "../../../network/definition.ts";
import type { Attachment } from "./attachments.ts";
import type { NetworkStore } from "./network-store.ts";

/** Gives an address back, which may have its prefix. */
export function releaseAddress(store: NetworkStore, network: string, ip: string): void {
  if (ip !== "") removeFile(addressPath(store, network, ip));
}

const addressPath = (store: NetworkStore, network: string, ip: string): string =>
  `${store.folder(`addresses/${network}`)}/${ip.replace(/\/.*/, "")}`;

// Kernel: up to 59 bytes of a symlink's target lie in its inode (ext4); a whole id takes a block of its
// own, which makes twenty ports 3 ms of disk work instead of 0.2.
const MARK_LENGTH = 40;

/** What a reservation says of whose it is: so much of the container's id as is unique. */
export const markOf = (id: string): string => id.slice(0, MARK_LENGTH);

/**
 * Releases the addresses and ports of some containers. Returns how many they were.
 * @param findGone asked once, about all that have reserved something
 */
export function releaseAbandoned(
  store: NetworkStore,
  findGone: () => (mark: string) => boolean,
): number {
  const folders = [store.folder("ports"), boundPorts(store)];
  for (const { name } of listDirectory(store.folder("addresses")) ?? []) {
    folders.push(store.folder(`addresses/${name}`));
  }
  const reserved: { readonly path: string; readonly owner: string }[] = [];
  for (const folder of folders) {
    for (const { name } of listDirectory(folder) ?? []) {
      const path = `${folder}/${name}`;
      const owner = name.startsWith("last-") ? undefined : readLink(path);
      if (owner !== undefined) reserved.push({ path, owner });
    }
  }
  // Race: who has reserved something was there before, so it is looked only now who is there.
  const isGone = findGone();
  let count = 0;
  for (const { path, owner } of reserved) {
    // Race: another may have released it meanwhile, and a third have reserved it.
    if (isGone(markOf(owner)) && readLink(path) === owner && removeFile(path)) count += 1;
  }
  return count;
}

/** Speed: apart, as these are few, and all of them are in the way of what is on every address. */
export const boundPorts = (store: NetworkStore): string => store.folder("bound-ports");

export const portPath = (
  store: NetworkStore,
  { protocol, hostPort, hostIp }: PortMapping,
): string =>
  `${hostIp === "" ? store.folder("ports") : boundPorts(store)}/${protocol}-${hostPort}-${hostIp}`;

export function releasePort(store: NetworkStore, port: PortMapping): void {
  removeFile(portPath(store, port));
}

/** The files of all that a container has reserved. */
export function listReservations(
  store: NetworkStore,
  { ports, endpoints }: Pick<Attachment, "endpoints" | "ports">,
): string[] {
  const files = ports.map((port) => portPath(store, port));
  for (const { network, ip4, ip6 } of endpoints) {
    if (ip4 !== "") files.push(addressPath(store, network, ip4));
    if (ip6 !== "") files.push(addressPath(store, network, ip6));
  }
  return files;
}
