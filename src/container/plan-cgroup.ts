// How the init process gets into its cgroup, and what it sees of it under /sys/fs/cgroup. Pure.

import type { CgroupJoin } from "../../cgroups/manager.ts";
import { type Call, Slot, type Step } from "../../ffi/call.ts";
import {
  AT_FDCWD,
  fsconfigCreate,
  fsconfigSet,
  fsmount,
  fsopen,
  mkdirat,
  mountSetattr,
  moveMount,
  openat,
  openTree,
  symlinkat,
  write,
} from "../../ffi/calls.ts";
import { MS, O } from "../../ffi/constants.ts";
import { ENOENT } from "../../ffi/errno.ts";
import { parseMountOptions } from "../../fs/mount-options.ts";
import { makeDirectories, openPlace } from "../../fs/safe-path.ts";
import type { Mount } from "../oci/spec.ts";
import type { CgroupView } from "./request.ts";

/** The cgroup of the unified hierarchy that a process is born in; undefined for its parent's. */
export function birthplace(join: CgroupJoin): string | undefined {
  if (join.how === "clone-into") return join.directory;
  return join.how === "self" ? join.bornIn : undefined;
}

/** Where the process itself writes "0": no other process could do it as fast (cgroup-join.md). */
export function planCgroupJoin(join: CgroupJoin): Step[] {
  if (join.how !== "self") return [];
  const calls: Call[] = [];
  const passedOver = join.mayMiss === true ? { tolerate: [ENOENT], skipAfterError: 1 } : {};
  for (const file of join.files) {
    const fd = new Slot("tasks");
    calls.push(
      openat(AT_FDCWD, file, O.O_WRONLY, { into: fd, ...passedOver }),
      write(fd, "0", { path: file }),
    );
  }
  return [{ why: "join the container's cgroup, where its limits are", calls }];
}

/** A `cgroup` mount: the container's own cgroup, bound from the host. */
export function planCgroupMount(mount: Mount, views: readonly CgroupView[], root: Slot): Step[] {
  const only = views.length === 1 ? views[0] : undefined;
  if (only !== undefined && only.name === "") return [planOne(mount, only, root)];
  return views.length === 0 ? [] : [planSeveral(mount, views, root)];
}

function attributesOf(mount: Mount): number {
  return parseMountOptions(mount.options ?? []).set;
}

function planOne(mount: Mount, view: CgroupView, root: Slot): Step {
  const { destination } = mount;
  const target = new Slot(destination);
  const tree = new Slot("cgroup");
  return {
    why: "the container sees its own cgroup",
    calls: [
      openPlace(root, destination, target),
      openTree(AT_FDCWD, view.directory, true, tree),
      mountSetattr(tree, true, {
        set: attributesOf(mount),
        clear: 0,
        propagation: MS.MS_PRIVATE,
      }),
      moveMount(tree, target, { path: destination }),
    ],
    fallback: missing(destination, root),
  };
}

function planSeveral(mount: Mount, views: readonly CgroupView[], root: Slot): Step {
  const { destination } = mount;
  const target = new Slot(destination);
  const fs = new Slot("tmpfs");
  const folder = new Slot(destination);
  const calls: Call[] = [
    openPlace(root, destination, target),
    fsopen("tmpfs", fs),
    fsconfigSet(fs, "source", "tmpfs"),
    fsconfigSet(fs, "mode", "755"),
    fsconfigCreate(fs, { path: destination }),
    fsmount(fs, 0, folder, { path: destination }),
    moveMount(folder, target, { path: destination }),
  ];
  for (const { name, directory, links } of views) {
    const place = new Slot(name);
    const tree = new Slot(`${name} cgroup`);
    calls.push(
      mkdirat(folder, name, 0o755),
      openPlace(folder, name, place),
      openTree(AT_FDCWD, directory, false, tree),
      moveMount(tree, place, { path: `${destination}/${name}` }),
    );
    for (const link of links) calls.push(symlinkat(name, folder, link));
  }
  // Order: at last and for all of them at once, as nothing can be made in it afterwards.
  calls.push(
    mountSetattr(folder, true, {
      set: attributesOf(mount),
      clear: 0,
      propagation: MS.MS_PRIVATE,
    }),
  );
  return { why: "the container sees its own cgroups", calls, fallback: missing(destination, root) };
}

function missing(destination: string, root: Slot): NonNullable<Step["fallback"]> {
  return {
    on: [ENOENT],
    why: `${destination} is missing in the rootfs: make it`,
    calls: makeDirectories(root, destination),
  };
}
