// Who has a port of the host: for the message that refuses it. proc(5), /proc/net/tcp

import { listDirectory, readLink, readTextIfThere } from "../ffi/files.ts";
import type { Protocol } from "./definition.ts";

const LISTEN = "0A";

/** A socket that has the port. */
interface Socket {
  /** Hexadecimal, in words of the machine's order. */
  readonly address: string;
  readonly inode: string;
}

function listSockets(protocol: Protocol, port: number): Socket[] {
  const sockets: Socket[] = [];
  for (const file of [protocol, `${protocol}6`]) {
    for (const line of (readTextIfThere(`/proc/net/${file}`) ?? "").split("\n").slice(1)) {
      const [, local = "", , state, , , , , , inode = ""] = line.trim().split(/\s+/);
      if (protocol === "tcp" && state !== LISTEN) continue;
      const colon = local.lastIndexOf(":");
      if (parseInt(local.slice(colon + 1), 16) !== port) continue;
      sockets.push({ address: local.slice(0, colon), inode });
    }
  }
  return sockets;
}

/** Whether somebody has the port, on these addresses of IPv4 alone. */
export function isHeldOnly(
  protocol: Protocol,
  port: number,
  addresses: readonly string[],
): boolean {
  const known = addresses.map((address) =>
    address
      .split(".")
      .reverse()
      .map((byte) => Number(byte).toString(16).padStart(2, "0").toUpperCase())
      .join(""),
  );
  const sockets = listSockets(protocol, port);
  return sockets.length > 0 && sockets.every(({ address }) => known.includes(address));
}

/** `nginx (pid 12)`, or undefined where it cannot be told. */
export function findPortHolder(protocol: Protocol, port: number): string | undefined {
  const inodes = new Set(listSockets(protocol, port).map(({ inode }) => inode));
  if (inodes.size === 0) return undefined;
  for (const { name: pid } of listDirectory("/proc") ?? []) {
    if (/^\d+$/.test(pid) && hasSocket(pid, inodes)) {
      return `${(readTextIfThere(`/proc/${pid}/comm`) ?? "?").trim()} (pid ${pid})`;
    }
  }
  return undefined;
}

function hasSocket(pid: string, inodes: ReadonlySet<string>): boolean {
  try {
    for (const { name } of listDirectory(`/proc/${pid}/fd`) ?? []) {
      const inode = /^socket:\[(\d+)\]$/.exec(readLink(`/proc/${pid}/fd/${name}`) ?? "")?.[1];
      if (inode !== undefined && inodes.has(inode)) return true;
    }
  } catch {
    // Race: it has ended, or is not ours to look at.
  }
  return false;
}
