// An image's layers in a user namespace. An overlay cannot be id-mapped, but the folders that it is made of
// can: each gets its mapped view in a mount namespace of the agent's own, and the overlay is put together
// on these, before the agent enters the user namespace. On disk all files keep the ids of the image. Pure.
//
// Kernel: since 5.19; before, EINVAL. Documentation/filesystems/idmappings.rst

import { type Call, Slot, type Step } from "../../ffi/call.ts";
import {
  AT_FDCWD,
  chdir,
  mountPropagation,
  moveMountTo,
  openTree,
  prctl,
  unshare,
} from "../../ffi/calls.ts";
import { CLONE, MS, PR } from "../../ffi/constants.ts";
import { type OverlaySource, planOverlayMount } from "../../fs/root-plan.ts";
import { planIdMap } from "./plan-mapped.ts";

/** The host's ids of the container's root. */
export interface HostRoot {
  readonly uid: number;
  readonly gid: number;
}

const parentOf = (path: string): string => path.slice(0, path.lastIndexOf("/"));

/** What the agent does before it enters the user namespace; afterwards the overlay is at its target. */
export function planMappedLayers(
  source: OverlaySource,
  root: HostRoot,
  holderPid: number | string,
): Step[] {
  const { below, lower, target } = source;
  const layers = below === undefined ? lower.map(parentOf) : [parentOf(below)];
  return [
    {
      why: "a mount namespace of its own, where nobody else sees how the layers are put together",
      calls: [unshare(CLONE.CLONE_NEWNS), mountPropagation("/", MS.MS_SLAVE)],
    },
    ...[...new Set(layers), parentOf(target)].map((folder) => planView(folder, holderPid)),
    {
      why: "the image's layers, with a writable one on top, made by whom the container's root is outside",
      calls: asOwner(root, planOverlayMount(source)),
    },
  ];
}

/** The folder seen with the container's ids, in its own place. */
function planView(folder: string, holderPid: number | string): Step {
  const tree = new Slot(folder);
  return {
    why: "a folder of the layers, whose files have the same ids inside",
    calls: [
      openTree(AT_FDCWD, folder, false, tree),
      ...planIdMap(tree, holderPid).calls,
      moveMountTo(tree, folder),
    ],
  };
}

const SECBIT_NO_SETUID_FIXUP = 4;

/**
 * Kernel: through an id-mapped mount nobody makes a file whose ids the map does not know, EOVERFLOW; and
 * what copies a file up has the ids of who mounted the overlay. The bit keeps the capabilities meanwhile.
 */
function asOwner({ uid, gid }: HostRoot, calls: readonly Call[]): Call[] {
  return [
    prctl(PR.PR_SET_SECUREBITS, SECBIT_NO_SETUID_FIXUP),
    { name: "setfsgid", args: [gid] },
    { name: "setfsuid", args: [uid] },
    ...calls,
    { name: "setfsuid", args: [0] },
    { name: "setfsgid", args: [0] },
    prctl(PR.PR_SET_SECUREBITS, 0),
    chdir("/"),
  ];
}
