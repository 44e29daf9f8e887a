// Who has a port of the host: for the message that refuses it. proc(5), /proc/net/tcp

import { listDirectory, readLink, readTextIfThere } from "../ffi/files.ts";
import type { Protocol } from "./definition.ts";

const LISTEN = "0A";

/** `nginx (pid 12)`, or undefined where it cannot be told. */
export function findPortHolder(protocol: Protocol, port: number): string | undefined {
  const inodes = new Set<string>();
  for (const file of [protocol, `${protocol}6`]) {
    for (const line of (readTextIfThere(`/proc/net/${file}`) ?? "").split("\n").slice(1)) {
      const [, local = "", , state, , , , , , inode = ""] = line.trim().split(/\s+/);
      if (protocol === "tcp" && state !== LISTEN) continue;
      if (parseInt(local.slice(local.lastIndexOf(":") + 1), 16) === port) inodes.add(inode);
    }
  }
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
