// The environment of a process, as runc completes it: programs and their images count on it.

import type { Process } from "../../oci/spec.ts";
import { readContainerFile } from "../container-files.ts";
import { findUser } from "../passwd.ts";

/**
 * The process with each variable once, the last value counting, and with HOME, which is what the
 * container's passwd says of its user where nothing else is given.
 * @param rootfs the container's root, as the host sees it
 */
export function completeEnvironment(process: Process, rootfs: string): Process {
  const values = new Map<string, string>();
  for (const entry of process.env ?? []) {
    const equals = entry.indexOf("=");
    // What is no variable is refused before; an empty entry is nothing.
    if (equals > 0) values.set(entry.slice(0, equals), entry);
  }
  const home = values.get("HOME") ?? "HOME=";
  if (home === "HOME=") values.set("HOME", `HOME=${findHome(process.user.uid, rootfs)}`);
  return { ...process, env: [...values.values()] };
}

function findHome(uid: number, rootfs: string): string {
  const passwd = readContainerFile(rootfs, "etc/passwd");
  return findUser(passwd, (entry) => entry.uid === uid)?.home || "/";
}
