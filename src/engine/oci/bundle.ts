// A bundle on disk → its checked spec, with every path of the host absolute.

import { O } from "../../../ffi/constants.ts";
import { open } from "../../../ffi/fcntl.ts";
import { fileType, readRest, realPath, refuseUnrepeatable } from "../../../ffi/files.ts";
import { observed } from "../../../ffi/observe.ts";
import { isSyscallError } from "../../../ffi/syscall-error.ts";
import { UserError } from "../../errors.ts";
import { parseSpecText } from "../../oci/parse.ts";
import type { Mount, Spec } from "../../oci/spec.ts";
import { completeEnvironment } from "./environment.ts";

export interface Bundle {
  /** Absolute. */
  readonly folder: string;
  /** Absolute, without symlinks. */
  readonly rootfs: string;
  readonly spec: Spec;
  /** The file as it was read. */
  readonly text: string;
}

/** Security: a config.json that never ends must not fill our memory. */
const CONFIG_BYTES_MAX = 16 * 1024 * 1024;

/** @throws UserError for what is wrong in it, with all problems at once */
export function readBundle(folder: string, config = "config.json"): Bundle {
  const text = readConfig(folder, absolute(config, folder));
  const spec = parseSpecText(text);
  if (spec.root === undefined) throw new UserError("config.json: root: is missing", undefined, 1);
  if (spec.process === undefined) {
    throw new UserError("config.json: process: is missing", undefined, 1);
  }
  const rootfs = findRootfs(absolute(spec.root.path, folder));
  return {
    folder,
    rootfs,
    spec: {
      ...spec,
      process: completeEnvironment(spec.process, rootfs),
      ...(spec.mounts === undefined ? {} : { mounts: resolveMounts(spec, folder) }),
    },
    text,
  };
}

function readConfig(folder: string, path: string): string {
  try {
    refuseUnrepeatable(path);
    using file = open(path, O.O_RDONLY);
    const text = readRest(file.number, path, CONFIG_BYTES_MAX);
    observed("text", path, text);
    if (text.length < CONFIG_BYTES_MAX) return text;
  } catch (error) {
    if (!isSyscallError(error, "ENOENT")) throw error;
    const hint = "bunker oci spec makes one";
    throw new UserError(
      `JSON specification file ${baseName(path)} not found in ${folder}`,
      hint,
      1,
    );
  }
  throw new UserError(`${path} is too large: more than 16 MiB`, undefined, 1);
}

const baseName = (path: string): string => path.slice(path.lastIndexOf("/") + 1);

export const absolute = (path: string, folder: string): string =>
  path.startsWith("/") ? path : `${folder}/${path}`;

/** Kernel: move_mount(2) follows no symlink to its target. */
function findRootfs(path: string): string {
  if (fileType(path) === 0) throw new UserError(`rootfs "${path}" does not exist`, undefined, 1);
  return realPath(path);
}

/** config.md, "Mounts": a bind mount's source may be relative to the bundle. */
function resolveMounts({ mounts = [] }: Spec, folder: string): Mount[] {
  const resolved: Mount[] = [];
  for (const mount of mounts) {
    const { source = "" } = mount;
    const isRelative = source !== "" && !source.startsWith("/") && isBind(mount);
    resolved.push(isRelative ? { ...mount, source: absolute(source, folder) } : mount);
  }
  return resolved;
}

export function isBind({ type, options = [] }: Mount): boolean {
  return (
    type === "bind" || type === "rbind" || options.includes("bind") || options.includes("rbind")
  );
}
