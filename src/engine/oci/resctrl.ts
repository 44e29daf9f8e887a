// `linux.intelRdt`: a group of resctrl(5) for the cache and the memory bandwidth of a container.
// config-linux.md, "IntelRdt".

import { fileType, makeDirectory, writeText } from "../../../ffi/files.ts";
import { UserError } from "../../errors.ts";
import type { IntelRdt } from "../../oci/spec.ts";

const ROOT = "/sys/fs/resctrl";

/** @throws UserError where the kernel or the machine has none */
export function requireResctrl(): void {
  if (fileType(`${ROOT}/schemata`) !== 0) return;
  throw new UserError(
    "intelRdt is specified in config, but Intel RDT is not enabled",
    `mount resctrl at ${ROOT}, or leave linux.intelRdt out`,
    1,
  );
}

/**
 * Puts a process, and all that come from it, into its group.
 * @param id the container's: its group's name where the spec names none
 */
export function joinResctrl(intelRdt: IntelRdt, id: string, pid: number): void {
  const { l3CacheSchema, memBwSchema, schemata = [] } = intelRdt;
  const group = groupOf(intelRdt, id);
  makeDirectory(group, 0o755);
  const lines = [l3CacheSchema, memBwSchema, ...schemata].filter((line) => line !== undefined);
  if (lines.length > 0) writeFile(`${group}/schemata`, `${lines.join("\n")}\n`);
  writeFile(`${group}/tasks`, String(pid));
}

/** The folder of a container's group. */
export function groupOf({ closID }: IntelRdt, id: string): string {
  if (closID === undefined) return `${ROOT}/${id}`;
  return closID === "/" ? ROOT : `${ROOT}/${closID}`;
}

/** Whether this machine can divide a resource: `L3`, `MB`. */
export function hasResource(name: string): boolean {
  return fileType(`${ROOT}/info/${name}/num_closids`) !== 0;
}

function writeFile(path: string, text: string): void {
  try {
    writeText(path, text, { existing: true });
  } catch (cause) {
    throw new UserError("unable to apply Intel RDT configuration", undefined, 1, { cause });
  }
}
