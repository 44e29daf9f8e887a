// What lies in a container's /dev besides mounts: device nodes and the usual symlinks. Pure.

import { type Call, Slot, type Step } from "../ffi/call.ts";
import {
  AT_FDCWD,
  fchownat,
  makeDevice,
  mknodat,
  moveMount,
  openTree,
  symlinkat,
  umask,
} from "../ffi/calls.ts";
import { AT, S } from "../ffi/constants.ts";
import { EEXIST, ENOENT, EPERM } from "../ffi/errno.ts";
import { makeDirectories, makeFile, openPlace, pathBelowRoot } from "./safe-path.ts";

/** A device of config.json. */
export interface DeviceRequest {
  readonly path: string;
  readonly type: "b" | "c" | "u" | "p";
  readonly major: number;
  readonly minor: number;
  /** 0o666 unless said. */
  readonly fileMode: number;
  readonly uid: number;
  readonly gid: number;
}

const device = (path: string, major: number, minor: number): DeviceRequest => ({
  path,
  type: "c",
  major,
  minor,
  fileMode: 0o666,
  uid: 0,
  gid: 0,
});

/** The devices that every container has. runtime-spec, config-linux, default devices */
export const DEFAULT_DEVICES: readonly DeviceRequest[] = [
  device("/dev/null", 1, 3),
  device("/dev/zero", 1, 5),
  device("/dev/full", 1, 7),
  device("/dev/random", 1, 8),
  device("/dev/urandom", 1, 9),
  device("/dev/tty", 5, 0),
];

const SYMLINKS: readonly { readonly target: string; readonly path: string }[] = [
  { target: "pts/ptmx", path: "ptmx" },
  { target: "/proc/self/fd", path: "fd" },
  { target: "/proc/self/fd/0", path: "stdin" },
  { target: "/proc/self/fd/1", path: "stdout" },
  { target: "/proc/self/fd/2", path: "stderr" },
];

/** Device nodes by mknod, or by binding the host's own where mknod is not allowed (user namespace). */
export function planDevices(
  devices: readonly DeviceRequest[],
  root: Slot,
  bindInstead: boolean,
): Step[] {
  const dev = new Slot("/dev");
  const make = bindInstead ? bindDevice : makeNode;
  const inDev: Call[] = [umask(0), openPlace(root, "/dev", dev)];
  const elsewhere: Step[] = [];
  for (const request of devices) {
    if (isDirectlyInDev(request)) inDev.push(...make(request, dev, nameInDev(request), root));
    else elsewhere.push(planDeviceElsewhere(request, root, bindInstead));
  }
  const links: Call[] = [];
  for (const { target, path } of SYMLINKS) {
    links.push(symlinkat(target, dev, path, { path: `/dev/${path}`, tolerate: [EEXIST] }));
  }
  return [
    {
      why: bindInstead
        ? "the devices of every container, borrowed from the host (a user namespace has no mknod)"
        : "the devices that every container has",
      calls: inDev,
    },
    ...elsewhere,
    {
      why: "the customary links in /dev",
      calls: links,
    },
    { why: "new files get the usual permissions again", calls: [umask(0o022)] },
  ];
}

const isDirectlyInDev = ({ path }: DeviceRequest): boolean =>
  path.startsWith("/dev/") &&
  path.lastIndexOf("/") === "/dev".length &&
  path.length > "/dev/".length;
const nameInDev = ({ path }: DeviceRequest): string => path.slice("/dev/".length);

function planDeviceElsewhere(request: DeviceRequest, root: Slot, bindInstead: boolean): Step {
  const below = pathBelowRoot(request.path);
  const slash = below.lastIndexOf("/");
  const folder = slash < 0 ? "." : below.slice(0, slash);
  const parent = new Slot(`/${folder}`);
  const make = bindInstead ? bindDevice : makeNode;
  return {
    why: `the device ${request.path}`,
    calls: [
      openPlace(root, folder, parent),
      ...make(request, parent, below.slice(slash + 1), root),
    ],
    fallback: {
      on: [ENOENT],
      why: `/${folder} is missing: make it`,
      calls: makeDirectories(root, folder),
    },
  };
}

/** The type bits of mknod(2). */
export const NODE_TYPE = { b: S.S_IFBLK, c: S.S_IFCHR, u: S.S_IFCHR, p: S.S_IFIFO } as const;

function makeNode(request: DeviceRequest, parent: Slot, name: string): Call[] {
  const { path, fileMode, uid, gid } = request;
  const mode = NODE_TYPE[request.type] | fileMode;
  const number = request.type === "p" ? 0 : makeDevice(request.major, request.minor);
  const calls = [mknodat(parent, name, mode, number, { path, tolerate: [EEXIST] })];
  if (uid !== 0 || gid !== 0) {
    // Security: what is there may be the rootfs' own link, and lead to a file of the host's.
    const flags = AT.AT_SYMLINK_NOFOLLOW;
    calls.push(fchownat(parent, name, uid, gid, flags, { path, tolerate: [EPERM] }));
  }
  return calls;
}

function bindDevice(request: DeviceRequest, _parent: Slot, _name: string, root: Slot): Call[] {
  const tree = new Slot(`host's ${request.path}`);
  const target = new Slot(request.path);
  return [
    ...makeFile(root, request.path),
    openTree(AT_FDCWD, request.path, false, tree),
    openPlace(root, request.path, target),
    moveMount(tree, target, { path: request.path }),
  ];
}
