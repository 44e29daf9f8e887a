// A container in a user namespace of its own. Once inside, the host's folders are closed to it, and
// nothing of the host's can be id-mapped any more: so what comes from the host is opened before. Pure.
//
//   agent   clone ──▶ holder, in the new user namespace: waits
//           ── the parent writes the maps of /proc/HOLDER ──
//   agent   opens the rootfs, id-mapped, and the source of every bind mount
//           enters the namespace of the holder, ends that · clone ──▶ init, which inherits them all

import { HOLDER_PAGE } from "../../ffi/agent/performer.ts";
import { AddressOf, type Call, Slot, type Step } from "../../ffi/call.ts";
import { AT_FDCWD, clone, openat, setns, waitid } from "../../ffi/calls.ts";
import { EINVAL } from "../../ffi/errno.ts";
import { CLONE, MOUNT_ATTR, O, OPEN_TREE, P_PID, W } from "../../ffi/constants.ts";

const SIGKILL = 9;
const SIGCHLD = 17;
const SIGINFO_BYTES = 128;

/** The steps of the agent that come before it makes the init process. */
export interface MappedPlan {
  /** Makes the process whose maps are to be written. */
  readonly hold: readonly Step[];
  readonly holder: Slot;
  /** Afterwards, given the holder's pid. */
  readonly enter: (holderPid: number | string) => readonly Step[];
}

type Part = () => readonly Step[];

/** What is id-mapped of all that comes from the host. */
export interface MappedParts {
  /** What is put together before anything is opened: an image's layers. */
  readonly planFirst?: ((holderPid: number | string) => readonly Step[]) | undefined;
  /** The trees whose files are to be the container's inside. */
  readonly idmapped: readonly Slot[];
  /** Those of which that may not be had, as of a network file system. */
  readonly premade?: readonly Slot[];
}

/** @param opens what takeHostOpens() took */
export function planMapped(opens: readonly Call[], parts: MappedParts): MappedPlan {
  const { planFirst, idmapped, premade = [] } = parts;
  const holder = new Slot("holder");
  return {
    holder,
    hold: [
      {
        why: "a user namespace, held by a process that does nothing else",
        calls: [clone(CLONE.CLONE_NEWUSER | SIGCHLD, HOLDER_PAGE, holder)],
      },
    ],
    enter: (holderPid) => {
      const namespace = new Slot("user namespace");
      const open = openat(AT_FDCWD, `/proc/${holderPid}/ns/user`, O.O_RDONLY, { into: namespace });
      return [
        ...(planFirst?.(holderPid) ?? []),
        {
          why: "what comes from the host, opened while its folders are still in reach",
          calls: opens,
        },
        { why: "the user namespace, whose maps are written by now", calls: [open] },
        ...idmapped.map((tree) => planIdMap(tree, holderPid)),
        ...premade.map((tree) => planIdMap(tree, holderPid, { tolerate: [EINVAL] })),
        planEnter(namespace, holder),
      ];
    },
  };
}

const MOUNT_ATTR_BYTES = 32;
const USERNS_FD_OFFSET = 24;

/**
 * Kernel: since 5.12, and not of every file system: overlay has no id-mapped mounts, EINVAL. Mounts
 * below it are left as they are. mount_setattr(2)
 */
export function planIdMap(
  tree: Slot,
  holderPid: number | string,
  options: Pick<Call, "tolerate"> = {},
): Step {
  const attributes = new Int32Array(MOUNT_ATTR_BYTES / 4);
  attributes[0] = MOUNT_ATTR.MOUNT_ATTR_IDMAP;
  const label = "{attr_set=MOUNT_ATTR_IDMAP, userns_fd=<user namespace>}";
  const slot = new Slot(label, MOUNT_ATTR_BYTES, new Uint8Array(attributes.buffer));
  return {
    why: `the files of ${tree.label} have the same ids inside, and stay whose they are on disk`,
    calls: [
      openat(AT_FDCWD, `/proc/${holderPid}/ns/user`, O.O_RDONLY, {
        into: slot,
        intoOffset: USERNS_FD_OFFSET,
      }),
      {
        name: "mount_setattr",
        args: [tree, "", OPEN_TREE.AT_EMPTY_PATH, new AddressOf(slot), MOUNT_ATTR_BYTES],
        path: tree.label,
        ...options,
      },
    ],
  };
}

function planEnter(namespace: Slot, holder: Slot): Step {
  return {
    why: "enter it: root inside is nobody in particular outside",
    calls: [
      setns(namespace, CLONE.CLONE_NEWUSER),
      { name: "kill", args: [holder, SIGKILL] },
      waitid(P_PID, holder, new Slot("siginfo", SIGINFO_BYTES), W.WEXITED),
    ],
  };
}

/** What the calls open of these folders. */
export function slotsOf(opens: readonly Call[], isMapped: (path: string) => boolean): Slot[] {
  return opens.flatMap(({ args: [, path], into }) =>
    into !== undefined && typeof path === "string" && isMapped(path) ? [into] : [],
  );
}

/** The set-up without the calls that open a path of the host, and those calls. */
export function takeHostOpens(parts: readonly Part[]): { opens: Call[]; parts: Part[] } {
  const opens: Call[] = [];
  const rest = parts.map((part): Part => {
    const steps = part().map((step) => takeFromStep(step, opens));
    return () => steps;
  });
  return { opens, parts: rest };
}

const opensHost = ({ name, args }: Call): boolean => name === "open_tree" && args[0] === AT_FDCWD;

function takeFromStep(step: Step, opens: Call[]): Step {
  const calls: Call[] = [];
  step.calls.forEach((call, i) => {
    if (opensHost(call)) {
      opens.push(call);
      return;
    }
    // What is taken out of what a call skips, it need not skip any more.
    const left = (skip = 0) =>
      skip - step.calls.slice(i + 1, i + 1 + skip).filter(opensHost).length;
    calls.push({
      ...call,
      skipAfterError: left(call.skipAfterError),
      skipAfterSuccess: left(call.skipAfterSuccess),
    });
  });
  return { ...step, calls };
}
