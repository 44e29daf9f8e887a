// The container's root: a private copy of the mount tree, the rootfs as a mount of its own, and at
// the end pivot_root into it. Pure.

import { type Call, Slot, type Step } from "../ffi/call.ts";
import {
  AT_FDCWD,
  chdir,
  chroot,
  fchdir,
  fsconfigCreate,
  fsconfigSet,
  fsmount,
  fsopen,
  mkdirat,
  mount,
  mountPropagation,
  mountSetattr,
  moveMountTo,
  openat,
  openTree,
  pivotRoot,
  umount2,
} from "../ffi/calls.ts";
import { MNT, MOUNT_ATTR, MS, O } from "../ffi/constants.ts";
import { EINVAL } from "../ffi/errno.ts";

/** Where the root comes from. */
export type RootSource =
  /** Attached over itself, or where that cannot be reached, at another folder of the old tree. */
  | { readonly kind: "directory"; readonly path: string; readonly attachAt?: string }
  /** A copy-on-write view; `scratch` is an empty folder of ours, where a tmpfs holds the changes. */
  | { readonly kind: "host"; readonly scratch: string }
  | {
      readonly kind: "overlay";
      /** The topmost first: folders in `below`, or whole paths. */
      readonly lower: readonly string[];
      readonly below?: string;
      readonly upper: string;
      readonly work: string;
      readonly target: string;
      /** Set where nobody mounts it again: what was changed need never come to the disk. */
      readonly volatile?: true;
    };

export interface RootPlan {
  readonly source: RootSource;
  /** MS_SLAVE, MS_PRIVATE … of the whole old tree, before anything is mounted. */
  readonly propagation: number;
  /** A folder of ours in the old tree that something will be attached to. */
  readonly scratch: string;
  /** Gets the descriptor of the new root. */
  readonly root: Slot;
  /** The mount namespace is the caller's: nothing but the rootfs may be changed in it. */
  readonly sharesMounts: boolean;
}

/** The steps from a fresh mount namespace to an open root, ready for mounts inside it. */
export function planRoot(plan: RootPlan): Step[] {
  if (plan.sharesMounts) return planRootMount(plan);
  return [
    {
      why: "let no mount of ours reach the host: its mount tree is cut off first",
      calls: [mountPropagation("/", plan.propagation)],
    },
    ...((plan.propagation & MS.MS_SHARED) === 0 ? [] : planPrivateSites(plan)),
    ...planRootMount(plan),
  ];
}

/**
 * Security: where the old tree stays shared, as volumes with rshared need it, what is attached to it
 * would appear on the host; and pivot_root(2) refuses a root whose parent is shared.
 */
function planPrivateSites({ source, scratch }: RootPlan): Step[] {
  const places =
    source.kind === "directory" ? [source.attachAt ?? source.path, scratch] : [scratch];
  return places.map((place) => ({
    why: `let nothing that is attached at ${place} reach the host`,
    calls: planPrivateSite(place),
  }));
}

/** Kernel: EINVAL for a path that is no mount point; the mount that holds `place` is one above it. */
function planPrivateSite(place: string): Call[] {
  const paths = ["/"];
  for (let end = 1; end > 0 && end < place.length;) {
    end = place.indexOf("/", end + 1);
    paths.unshift(end < 0 ? place : place.slice(0, end));
  }
  return paths.map((path, i) => ({
    name: "mount",
    args: [null, path, null, MS.MS_PRIVATE, null],
    path,
    tolerate: [EINVAL],
    skipAfterSuccess: paths.length - 1 - i,
  }));
}

function planRootMount({ source, root }: RootPlan): Step[] {
  if (source.kind === "host") return planHostImage(source.scratch, root);
  if (source.kind === "overlay") return [planOverlay(source, root)];
  return [
    {
      why: "make the rootfs a mount of its own, as pivot_root wants it",
      calls: [
        openTree(AT_FDCWD, source.path, true, root),
        mountSetattr(root, true, { set: 0, clear: 0, propagation: MS.MS_PRIVATE }),
        moveMountTo(root, source.attachAt ?? source.path),
      ],
    },
  ];
}

function planHostImage(scratch: string, root: Slot): Step[] {
  const fs = new Slot("tmpfs");
  const layer = new Slot("upper layer");
  const upper = `${scratch}/upper`;
  const work = `${scratch}/work`;
  return [
    {
      why: "a tmpfs for what the container changes: it is gone with the container",
      calls: [
        fsopen("tmpfs", fs),
        fsconfigSet(fs, "source", "bunker"),
        fsconfigSet(fs, "mode", "0755"),
        fsconfigCreate(fs, { path: scratch }),
        fsmount(fs, 0, layer),
        mkdirat(layer, "upper", 0o755),
        mkdirat(layer, "work", 0o755),
        mkdirat(layer, "root", 0o755),
        moveMountTo(layer, scratch),
      ],
    },
    planHostOverlay({ upper, work, target: `${scratch}/root` }, root),
  ];
}

function planHostOverlay(
  { upper, work, target }: { upper: string; work: string; target: string },
  root: Slot,
): Step {
  const fs = new Slot("overlay");
  return {
    why: "the host's own root file system, copy on write",
    calls: [
      fsopen("overlay", fs),
      fsconfigSet(fs, "source", "overlay"),
      fsconfigSet(fs, "lowerdir", "/"),
      fsconfigSet(fs, "upperdir", upper),
      fsconfigSet(fs, "workdir", work),
      fsconfigCreate(fs, { path: target }),
      fsmount(fs, 0, root),
      moveMountTo(root, target),
    ],
  };
}

/** An image's layers with a writable one on top. */
export type OverlaySource = Extract<RootSource, { kind: "overlay" }>;

function planOverlay(source: OverlaySource, root: Slot): Step {
  return {
    why: "the image's layers, with a writable one on top",
    calls: [
      ...planOverlayMount(source),
      openat(AT_FDCWD, source.target, O.O_PATH | O.O_DIRECTORY, { into: root }),
    ],
  };
}

/**
 * Kernel: mount(2) rather than fsconfig(2), whose values end at 256 bytes: a page holds some hundred
 * layers by their short names, which are looked up from the working directory.
 */
export function planOverlayMount(source: OverlaySource): Call[] {
  const { below, target } = source;
  return [
    ...(below === undefined ? [] : [chdir(below)]),
    mount("overlay", target, "overlay", 0, formatOverlay(source)),
  ];
}

/** What mount(2) is told of a container's layers. */
export function formatOverlay(
  folders: Pick<OverlaySource, "lower" | "upper" | "work" | "volatile">,
): string {
  const layers = folders.lower.map((path) => escapeSigns(path)).join(":");
  const [upper, work] = [escapeSigns(folders.upper), escapeSigns(folders.work)];
  // `commit` and `diff` read the upper folder as it is: whole files, under their own names.
  const whole = "redirect_dir=off,metacopy=off";
  // Kernel: 5.10. Without it the container's end writes all of the upper folder's file system to the disk,
  // whoever has changed it, and waits.
  const sync = folders.volatile === true ? ",volatile" : "";
  return `lowerdir=${layers},upperdir=${upper},workdir=${work},${whole}${sync}`;
}

/** A colon separates the lower layers, a comma the options. overlayfs.rst */
export const escapeSigns = (path: string): string => path.replace(/[\\:,]/g, "\\$&");

/** How a root becomes `/`. */
export type RootChange =
  /** The old one is out of reach afterwards. */
  | { readonly how: "pivot" }
  /** For a root that cannot be pivoted; `kernelMounts` are the host's /proc and /sys. */
  | { readonly how: "move"; readonly kernelMounts: readonly string[] }
  /** In a mount namespace that is the caller's as well. */
  | { readonly how: "chroot" };

/** The last steps: read-only where asked, then the new root becomes `/` and the old one is gone. */
export function planRootChange(root: Slot, isReadonly: boolean, change: RootChange): Step[] {
  const steps: Step[] = [];
  if (isReadonly) {
    steps.push({
      why: "the root is read-only, as asked",
      calls: [
        mountSetattr(root, false, { set: MOUNT_ATTR.MOUNT_ATTR_RDONLY, clear: 0, propagation: 0 }),
      ],
    });
  }
  if (change.how === "pivot") return [...steps, planPivotRoot(root)];
  if (change.how === "chroot") return [...steps, planChroot(root)];
  return [...steps, ...planUnmountKernel(change.kernelMounts), planMove(root)];
}

/**
 * Security: a whole /proc and /sys of the host's, which a chroot leaves in the mount namespace, lets a
 * user namespace inside mount another one without what is masked. mount_namespaces(7)
 */
function planUnmountKernel(mounts: readonly string[]): Step[] {
  if (mounts.length === 0) return [];
  return [
    {
      why: "take away the host's /proc and /sys, which chroot would leave behind",
      calls: mounts.map((path) => ({ ...umount2(path, MNT.MNT_DETACH), tolerate: "any" })),
    },
  ];
}

function planPivotRoot(root: Slot): Step {
  const old = new Slot("old root");
  const calls: Call[] = [
    openat(AT_FDCWD, "/", O.O_PATH | O.O_DIRECTORY, { into: old }),
    fchdir(root),
    // Order: both arguments are the new root, so that no folder for the old one is needed; it then
    // lies on top of the new one (pivot_root(2), "pivot_root(".", ".")").
    pivotRoot(".", "."),
    fchdir(old),
    // Order: a slave first, or the unmount below would reach the host.
    mountPropagation(".", MS.MS_SLAVE),
    umount2(".", MNT.MNT_DETACH),
    chdir("/"),
  ];
  return { why: "the rootfs becomes /, and the host's tree is out of reach", calls };
}

function planChroot(root: Slot): Step {
  return {
    why: "chroot only: the mount namespace is the caller's own, whose root must stay as it is",
    calls: [fchdir(root), chroot("."), chdir("/")],
  };
}

function planMove(root: Slot): Step {
  return {
    why: "chroot, as asked by --no-pivot: the initramfs cannot be left by pivot_root",
    calls: [
      fchdir(root),
      // Order: moved over / first, or a process with CAP_SYS_CHROOT could climb out.
      {
        name: "mount",
        args: [".", "/", null, MS.MS_MOVE, null],
        path: "/",
      },
      chroot("."),
      chdir("/"),
    ],
  };
}
