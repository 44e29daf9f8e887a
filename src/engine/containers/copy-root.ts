// A container's files for `cp`, whether it runs or not.
//
// One that runs: /proc/PID/root, with all that is mounted there. One that does not: what its next start
// would make, its layers and its volumes, in a mount namespace of this thread's, which goes with it.

import {
  AT_FDCWD,
  CLONE,
  MOUNT_ATTR,
  MOVE_MOUNT,
  MS,
  O,
  OPEN_TREE,
} from "../../../ffi/constants.ts";
import { capget, capset } from "../../../ffi/capability.ts";
import { open } from "../../../ffi/fcntl.ts";
import type { Fd } from "../../../ffi/fd.ts";
import { fileType, makeDirectory, readTextIfThere } from "../../../ffi/files.ts";
import { setfsgid, setfsuid } from "../../../ffi/identity.ts";
import { mount, mount_setattr, move_mount, open_tree } from "../../../ffi/mount.ts";
import { unshare } from "../../../ffi/sched.ts";
import { chdir } from "../../../ffi/unistd.ts";
import { closeFd, makeFolderAt, openInside, toByteString } from "../../../ffi/tree.ts";
import { EEXIST, ENOENT } from "../../../ffi/errno.ts";
import { formatOverlay, type RootSource } from "../../../fs/root-plan.ts";
import { UserError } from "../../errors.ts";
import { linkTarget } from "../../image/layer/entry-path.ts";
import { makeOwnerMaps } from "../../image/layer/owner-map.ts";
import type { MountOption } from "../run-options.ts";
import { findStorage } from "../storage/container-storage.ts";
import { findKept } from "./find.ts";
import { finish } from "./finish.ts";
import { type KeptContainer, KeptStore } from "./kept.ts";
import { lookAfter } from "./live.ts";
import { optionsForStart } from "./start-options.ts";

/**
 * Lets what is made from here on be the container's root's, as long as the result is not disposed.
 * Kernel: through an id-mapped mount, EOVERFLOW for a file of an owner whom the map does not know.
 */
export function becomeOwner({ owners }: CopyRoot): Disposable {
  if (owners === undefined) return { [Symbol.dispose]: () => {} };
  const capabilities = capget(0);
  const gid = setfsgid(owners.toHost.gid(0));
  const uid = setfsuid(owners.toHost.uid(0));
  // Kernel: whoever is not root in this has lost its rights over others' files.
  capset(capabilities);
  return {
    [Symbol.dispose]: () => {
      setfsuid(uid);
      setfsgid(gid);
      capset(capabilities);
    },
  };
}

export interface CopyRoot extends Disposable {
  readonly container: KeptContainer;
  /** The open root. */
  readonly fd: number;
  /** Where it runs in a user namespace; its files on the host are called as in it. */
  readonly owners: ReturnType<typeof makeOwnerMaps>;
}

/** @throws UserError for a container that has no files any more */
export async function openCopyRoot(text: string): Promise<CopyRoot> {
  const kept = new KeptStore();
  const container = findKept(text, kept);
  const running = await openRunning(container, kept);
  if (running !== undefined) return running;
  // Kernel: an overlay's upper folder is for one mount at a time: nobody may start it meanwhile.
  const lock = kept.lock(container.id);
  if (lock === undefined) throw new UserError(`No such container: ${text}`, undefined, 1);
  try {
    const started = await openRunning(container, kept);
    if (started !== undefined) {
      lock[Symbol.dispose]();
      return started;
    }
    await finish(container, kept);
    return makeRoot(container, await openStopped(container, kept), undefined, lock);
  } catch (error) {
    lock[Symbol.dispose]();
    throw error;
  }
}

async function openRunning(
  container: KeptContainer,
  kept: KeptStore,
): Promise<CopyRoot | undefined> {
  const { record } = await lookAfter(container, kept);
  if (record === undefined) return undefined;
  const process = `/proc/${record.initPid}`;
  const root = open(`${process}/root`, O.O_RDONLY | O.O_DIRECTORY);
  const [uids = "", gids = ""] = ["uid_map", "gid_map"].map((file) =>
    readTextIfThere(`${process}/${file}`),
  );
  return makeRoot(container, root, makeOwnerMaps(uids, gids));
}

function makeRoot(
  container: KeptContainer,
  root: Fd,
  owners: CopyRoot["owners"],
  lock?: Fd,
): CopyRoot {
  return {
    container,
    fd: root.number,
    owners,
    [Symbol.dispose]: () => {
      root[Symbol.dispose]();
      lock?.[Symbol.dispose]();
    },
  };
}

async function openStopped(container: KeptContainer, kept: KeptStore): Promise<Fd> {
  const { id, name, options } = container;
  if (options.root.kind === "host") {
    throw new UserError(
      `the files of container "${name}" are gone with its end: it was made of the host's own`,
      "copy from it while it runs",
      1,
    );
  }
  using storage = await findStorage(optionsForStart(container, kept), id, false);
  const source: RootSource =
    options.root.kind === "rootfs"
      ? { kind: "directory", path: options.root.path }
      : (storage.rootSource ?? { kind: "directory", path: `${kept.folder(id)}/merged` });
  const mounts = storage.options.mounts.filter(
    (each) => each.type === "bind" && fileType(each.source) !== 0,
  );
  if (source.kind === "overlay" || mounts.length > 0 || options.readonlyRootfs) {
    // Order: nothing that follows is to be seen by, or kept busy for, anybody else.
    unshare(CLONE.CLONE_NEWNS);
    mount(null, "/", null, MS.MS_REC | MS.MS_PRIVATE, null);
  }
  const root = attachRoot(source, options.readonlyRootfs);
  for (const each of mounts) attachMount(root, each);
  // Order: last, as the places of the mounts are made where they are missing. The volumes are writable.
  if (options.readonlyRootfs) makeReadonly(root);
  return root;
}

/** @param isReadonly it will be */
function attachRoot(source: RootSource, isReadonly: boolean): Fd {
  if (source.kind === "host") throw new Error("the host's root has no layers");
  if (source.kind === "directory") {
    // What is read-only for this process alone has to be a mount of its own.
    if (isReadonly) mount(source.path, source.path, null, MS.MS_BIND | MS.MS_REC, null);
    return open(source.path, O.O_RDONLY | O.O_DIRECTORY);
  }
  const { below, upper, work, target } = source;
  for (const path of [upper, work, target]) makeDirectory(path, 0o755);
  if (below !== undefined) chdir(below);
  mount("overlay", target, "overlay", 0, formatOverlay(source));
  return open(target, O.O_RDONLY | O.O_DIRECTORY);
}

function makeReadonly(tree: Fd): void {
  mount_setattr(tree.number, "", OPEN_TREE.AT_EMPTY_PATH, { set: MOUNT_ATTR.MOUNT_ATTR_RDONLY });
}

/** A file's place that is not there is left: a start would make it. */
function attachMount(root: Fd, option: MountOption): void {
  if (option.type !== "bind") return;
  using tree = open_tree(
    AT_FDCWD,
    option.source,
    OPEN_TREE.OPEN_TREE_CLONE | OPEN_TREE.AT_RECURSIVE,
  );
  if (option.readonly) makeReadonly(tree);
  const path = toByteString(linkTarget("", option.target));
  const place = openPlace(root.number, path);
  if (place < 0) return;
  try {
    const flags = MOVE_MOUNT.MOVE_MOUNT_F_EMPTY_PATH | MOVE_MOUNT.MOVE_MOUNT_T_EMPTY_PATH;
    move_mount(tree.number, "", place, "", flags);
  } finally {
    closeFd(place);
  }
}

/** The place of a mount, made where it is missing; or minus the errno. */
function openPlace(root: number, path: string): number {
  const fd = openInside(root, path, O.O_PATH);
  if (fd !== -ENOENT) return fd;
  const parts = path.split("/");
  for (let count = 1; count <= parts.length; count++) {
    const parent = openInside(root, parts.slice(0, count - 1).join("/"), O.O_PATH | O.O_DIRECTORY);
    if (parent < 0) return parent;
    const result = makeFolderAt(parent, parts[count - 1] ?? "", 0o755);
    closeFd(parent);
    if (result < 0 && result !== -EEXIST) return result;
  }
  return openInside(root, path, O.O_PATH);
}
