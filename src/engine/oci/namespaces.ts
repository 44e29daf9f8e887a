// Which namespaces of a container another process has to enter.

import { readLink } from "../../../ffi/files.ts";
import { NAMESPACE_FLAGS } from "../../container/plan-namespaces.ts";
import type { NamespaceType, Spec } from "../../oci/spec.ts";

const FILE: Readonly<Partial<Record<NamespaceType, string>>> = { user: "user" };

/** CLONE_NEW bits of the namespaces that the spec gives the container, for setns(2) on a pidfd. */
export function entryFlags({ linux }: Spec, initPid: number): number {
  let flags = 0;
  for (const { type } of linux?.namespaces ?? []) {
    const file = FILE[type];
    // Kernel: EINVAL for whoever enters the user namespace that it is in; the others allow it.
    if (file !== undefined && isOurs(file, initPid)) continue;
    flags |= NAMESPACE_FLAGS[type];
  }
  return flags;
}

function isOurs(file: string, pid: number): boolean {
  return readLink(`/proc/${pid}/ns/${file}`) === readLink(`/proc/self/ns/${file}`);
}
