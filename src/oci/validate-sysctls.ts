// Which sysctls a container may set: those that a namespace of its own has a copy of. Any other would
// change the host. man 7 namespaces, man 5 sysctl.d.

import { quote } from "./quote.ts";
import type { Namespace } from "./spec.ts";
import { hasNamespace } from "./validate-namespaces.ts";

/**
 * Adds a line for each sysctl that is not the container's own. That a network namespace given by path
 * is not the host's own cannot be seen here: who opens it must look.
 */
export function validateSysctls(
  sysctls: Readonly<Record<string, string>> | undefined,
  namespaces: readonly Namespace[] | undefined,
  problems: string[],
): void {
  if (sysctls === undefined) return;
  for (const key in sysctls) {
    const text = refusal(formatSysctlName(key), namespaces);
    if (text !== undefined) problems.push(`linux.sysctl[${quote(key)}]: ${text}`);
  }
}

/**
 * The name with dots between its parts, as lists have it. `net/ipv4/conf/eth0.100/forwarding` becomes
 * `net.ipv4.conf.eth0/100.forwarding`: where the first separator is a slash, the two change places.
 */
export function formatSysctlName(key: string): string {
  const slash = key.indexOf("/");
  const dot = key.indexOf(".");
  if (slash === -1 || (dot !== -1 && dot < slash)) return key;
  let name = "";
  for (const char of key) name += char === "/" ? "." : char === "." ? "/" : char;
  return name;
}

const IPC_SYSCTLS =
  " kernel.msgmax kernel.msgmnb kernel.msgmni kernel.sem kernel.shmall kernel.shmmax kernel.shmmni kernel.shm_rmid_forced ";

function refusal(name: string, namespaces: readonly Namespace[] | undefined): string | undefined {
  if (!isSysctlName(name)) return "is not the name of a sysctl";
  if (name.startsWith("fs.mqueue.") || IPC_SYSCTLS.includes(` ${name} `)) {
    return hasNamespace(namespaces, "ipc") ? undefined : "needs an ipc namespace";
  }
  if (name.startsWith("net.")) {
    return hasNamespace(namespaces, "network") ? undefined : "needs a network namespace";
  }
  if (name.startsWith("user.")) {
    return hasNamespace(namespaces, "user") ? undefined : "needs a user namespace";
  }
  if (name === "kernel.hostname") return 'conflicts with the field "hostname"';
  if (name === "kernel.domainname") {
    return hasNamespace(namespaces, "uts") ? undefined : "needs a uts namespace";
  }
  return "has no copy in any namespace: it would change the host";
}

// Security: the name becomes a path below /proc/sys, dots and slashes changing places; two of them in a
// row could make a ".." of it.
function isSysctlName(name: string): boolean {
  if (name === "" || name.includes(" ")) return false;
  if (name.includes("..") || name.includes("//") || name.includes("./") || name.includes("/.")) {
    return false;
  }
  const ends = `${name[0]}${name.at(-1)}`;
  return !ends.includes(".") && !ends.includes("/");
}
