// Which namespaces are made, which are joined, and in what order. Pure.

import { type Call, Slot, type Step } from "../../ffi/call.ts";
import {
  AT_FDCWD,
  openat,
  prctl,
  setns,
  setresgid,
  setresuid,
  unshare,
  write,
} from "../../ffi/calls.ts";
import { CLONE, O, PR } from "../../ffi/constants.ts";
import type { Namespace, NamespaceType, TimeOffset, TimeOffsets } from "../oci/spec.ts";

/** clone(2)'s flag of each type of namespace. */
export const NAMESPACE_FLAGS: Readonly<Record<NamespaceType, number>> = {
  mount: CLONE.CLONE_NEWNS,
  network: CLONE.CLONE_NEWNET,
  uts: CLONE.CLONE_NEWUTS,
  ipc: CLONE.CLONE_NEWIPC,
  pid: CLONE.CLONE_NEWPID,
  user: CLONE.CLONE_NEWUSER,
  cgroup: CLONE.CLONE_NEWCGROUP,
  time: CLONE.CLONE_NEWTIME,
};

export interface NamespacePlan {
  /** A user namespace is made, and its id maps must be written by the parent. */
  readonly newUser: boolean;
  /** A time namespace is made. */
  readonly newTime: boolean;
  /** A cgroup namespace is made, once the cgroup is joined. */
  readonly newCgroup: boolean;
  readonly newMount: boolean;
  readonly newPid: boolean;
  /** The namespaces that clone(2) makes. */
  readonly cloneFlags: number;
  /** Those that are joined by path. */
  readonly joined: readonly Required<Namespace>[];
}

/** Sorts the spec's namespaces by how they come about. */
export function planNamespaces(namespaces: readonly Namespace[]): NamespacePlan {
  let cloneFlags = 0;
  let all = 0;
  const joined: Required<Namespace>[] = [];
  for (const { type, path } of namespaces) {
    // As runc and the specification's own examples have it, an empty path is none.
    if (path !== undefined && path !== "") {
      joined.push({ type, path });
      continue;
    }
    all |= NAMESPACE_FLAGS[type];
    // Order: the user namespace comes first (it owns the others), the time namespace takes effect
    // for children only, the cgroup namespace shows the cgroup that was joined before.
    if (type !== "user" && type !== "time" && type !== "cgroup") {
      cloneFlags |= NAMESPACE_FLAGS[type];
    }
  }
  const makes = (type: NamespaceType): boolean => (all & NAMESPACE_FLAGS[type]) !== 0;
  return {
    newUser: makes("user"),
    newTime: makes("time"),
    newCgroup: makes("cgroup"),
    newMount: makes("mount"),
    newPid: makes("pid"),
    cloneFlags,
    joined,
  };
}

/** Joins namespaces of others, the user namespace first: it gives the right to join the rest. */
export function planJoins(joined: readonly Required<Namespace>[]): Step[] {
  const steps: Step[] = [];
  // Order: the mount namespace last, as the paths of the others are the host's.
  let last: Step | undefined;
  for (const { type, path } of joined) {
    const fd = new Slot(`${type} namespace`);
    const step: Step = {
      why: `join the ${type} namespace of ${path}`,
      calls: [
        openat(AT_FDCWD, path, O.O_RDONLY, { into: fd }),
        setns(fd, NAMESPACE_FLAGS[type], { path }),
      ],
    };
    if (type === "user") steps.unshift(step);
    else if (type === "mount") last = step;
    else steps.push(step);
  }
  if (last !== undefined) steps.push(last);
  return steps;
}

/** The user namespace; its maps are written from outside before anything else happens. */
export function planUserNamespace(): Step {
  return {
    why: "a user namespace: root inside is nobody in particular outside",
    calls: [unshare(CLONE.CLONE_NEWUSER)],
  };
}

/** Once the maps are written: become root of the new user namespace. */
export function planBecomeRoot(): Step {
  // Security: its root may be another container's as well, which could trace this process otherwise.
  const calls: Call[] = [setresgid(0), setresuid(0), prctl(PR.PR_SET_DUMPABLE, 0)];
  return { why: "become root of the user namespace, closed to others of its kind", calls };
}

/** The time namespace: the children of whoever asks are born into it, at these offsets. */
export function planTimeNamespace(offsets?: TimeOffsets): Step {
  const calls: Call[] = [unshare(CLONE.CLONE_NEWTIME)];
  const text = offsets === undefined ? "" : formatOffsets(offsets);
  if (text !== "") {
    // Kernel: only until the first process is in it, and in one write. time_namespaces(7)
    const path = "/proc/self/timens_offsets";
    const fd = new Slot("offsets");
    calls.push(openat(AT_FDCWD, path, O.O_WRONLY, { into: fd }), write(fd, text, { path }));
  }
  return { why: "a time namespace: the container's own monotonic and boot-time clocks", calls };
}

function formatOffsets({ monotonic, boottime }: TimeOffsets): string {
  const line = (clock: string, { secs = 0, nanosecs = 0 }: TimeOffset) =>
    `${clock} ${secs} ${nanosecs}\n`;
  return (
    (monotonic === undefined ? "" : line("monotonic", monotonic)) +
    (boottime === undefined ? "" : line("boottime", boottime))
  );
}

/** The cgroup namespace. */
export function planCgroupNamespace(): Step {
  return {
    // Order: after the cgroup was joined, as that becomes the root that the container sees.
    why: "a cgroup namespace: the container's cgroup is the root of what it sees",
    calls: [unshare(CLONE.CLONE_NEWCGROUP)],
  };
}
