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

/** The addresses and ports of containers of which `isGone` is true. Returns how many they were. */
export function releaseAbandoned(store: NetworkStore, isGone: (id: string) => boolean): number {
  const folders = [store.folder("ports")];
  for (const { name } of listDirectory(store.folder("addresses")) ?? []) {
    folders.push(store.folder(`addresses/${name}`));
  }
  let count = 0;
  for (const folder of folders) {
    for (const { name } of listDirectory(folder) ?? []) {
      const id = name.startsWith("last-") ? undefined : readLink(`${folder}/${name}`);
      if (id !== undefined && isGone(id) && removeFile(`${folder}/${name}`)) count += 1;
    }
  }
  return count;
}

export const portName = ({ protocol, hostPort, hostIp }: PortMapping): string =>
  `${protocol}-${hostPort}-${hostIp}`;

const portPath = (store: NetworkStore, port: PortMapping): string =>
  `${store.folder("ports")}/${portName(port)}`;

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
