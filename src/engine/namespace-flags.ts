// The flag of clone(2), unshare(2) and setns(2) for each namespace, by its name below /proc/PID/ns.

import { CLONE } from "../../ffi/constants.ts";
import type { NamespaceName } from "./tool-options.ts";

/** In the order in which setns(2) takes them: the user namespace gives the right to the others. */
export const NAMESPACE_FLAG: Readonly<Record<NamespaceName, number>> = {
  user: CLONE.CLONE_NEWUSER,
  mnt: CLONE.CLONE_NEWNS,
  uts: CLONE.CLONE_NEWUTS,
  ipc: CLONE.CLONE_NEWIPC,
  net: CLONE.CLONE_NEWNET,
  pid: CLONE.CLONE_NEWPID,
  cgroup: CLONE.CLONE_NEWCGROUP,
  time: CLONE.CLONE_NEWTIME,
};
