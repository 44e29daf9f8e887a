// The devices of the host as facts for makeSpec(): what `--device` names, and all of /dev for
// `--privileged`. Read with lstat, so nothing is opened: opening a device can have effects.

import { lstatSync, readdirSync, realpathSync, type Stats } from "node:fs";
import type { DeviceNode } from "./host-facts.ts";

/** The node at a path, or those anywhere below a folder; empty where there is neither. */
export function readDevices(path: string): DeviceNode[] {
  const resolved = ignoreMissing(() => realpathSync(path));
  if (resolved === undefined) return [];
  const node = readNode(resolved, undefined);
  if (node !== undefined) return [node];
  const nodes: DeviceNode[] = [];
  walk(resolved, resolved, nodes, () => true);
  return nodes;
}

/** Every device below /dev but those that a container has its own of. */
export function readHostDevices(): DeviceNode[] {
  const nodes: DeviceNode[] = [];
  walk("/dev", undefined, nodes, isHostOwn);
  return nodes;
}

const OWN =
  " /dev/pts /dev/shm /dev/mqueue /dev/fd /dev/console /dev/.lxc /dev/.lxd-mounts /dev/.udev ";

function isHostOwn(path: string): boolean {
  return !OWN.includes(` ${path} `);
}

function walk(
  path: string,
  folder: string | undefined,
  nodes: DeviceNode[],
  wanted: (path: string) => boolean,
): void {
  // Race: hotplug changes /dev at any time; what is gone in the meantime is not there.
  const entries = ignoreMissing(() => readdirSync(path, { withFileTypes: true })) ?? [];
  for (const entry of entries) {
    const below = `${path}/${entry.name}`;
    if (!wanted(below)) continue;
    if (entry.isDirectory()) walk(below, folder, nodes, wanted);
    else if (entry.isCharacterDevice() || entry.isBlockDevice()) {
      const node = readNode(below, folder);
      if (node !== undefined) nodes.push(node);
    }
  }
}

function readNode(path: string, folder: string | undefined): DeviceNode | undefined {
  const stats = ignoreMissing(() => lstatSync(path));
  const type = stats === undefined ? undefined : typeOf(stats);
  if (stats === undefined || type === undefined) return undefined;
  const { rdev, mode, uid, gid } = stats;
  const node = {
    path,
    type,
    major: majorOf(rdev),
    minor: minorOf(rdev),
    mode: mode & 0o7777,
    uid,
    gid,
  };
  return folder === undefined ? node : { ...node, folder };
}

function typeOf(stats: Stats): DeviceNode["type"] | undefined {
  if (stats.isCharacterDevice()) return "c";
  if (stats.isBlockDevice()) return "b";
  return stats.isFIFO() ? "p" : undefined;
}

// makedev(3) of glibc and musl: 12 + 20 low bits, interleaved; Linux has no numbers beyond those.
function majorOf(rdev: number): number {
  return (rdev >>> 8) & 0xfff;
}

function minorOf(rdev: number): number {
  return (rdev & 0xff) | ((rdev >>> 12) & 0xfff00);
}

function ignoreMissing<T>(read: () => T): T | undefined {
  try {
    return read();
  } catch (error) {
    if (error instanceof Error && "code" in error && isAbsence(error.code)) return undefined;
    throw error;
  }
}

function isAbsence(code: unknown): boolean {
  return code === "ENOENT" || code === "ENOTDIR" || code === "EACCES" || code === "ENXIO";
}
