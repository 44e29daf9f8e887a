// Whether an overlay can have its writable layer in the data folder: not on an overlay itself, nor on
// some network file systems. Looked at once; the answer is kept until the next boot.

import { FSCONFIG } from "../../../ffi/constants.ts";
import {
  makeDirectory,
  makeDirectoryTree,
  readTextIfThere,
  removeTree,
  writeText,
} from "../../../ffi/files.ts";
import { fsconfig, fsmount, fsopen } from "../../../ffi/mount.ts";
import { SyscallError } from "../../../ffi/syscall-error.ts";
import { makeId } from "../names.ts";

/**
 * Why not, in the kernel's words; undefined where it can.
 * @param runFolder where the answer is kept
 */
export function findOverlayProblem(data: string, runFolder: string): string | undefined {
  const place = `${runFolder}/overlay-${data.replaceAll("/", "-").slice(-200)}`;
  const known = readTextIfThere(place);
  if (known !== undefined) return known === "" ? undefined : known;
  const problem = tryOverlay(data);
  makeDirectoryTree(runFolder, 0o700);
  writeText(place, problem ?? "", { mode: 0o600 });
  return problem;
}

function tryOverlay(data: string): string | undefined {
  const folder = `${data}/containers/.probe-${makeId().slice(0, 16)}`;
  makeDirectoryTree(`${data}/containers`, 0o711);
  makeDirectory(folder, 0o700);
  try {
    for (const name of ["lower", "upper", "work"]) makeDirectory(`${folder}/${name}`, 0o755);
    using fs = fsopen("overlay");
    for (const name of ["lower", "upper", "work"] as const) {
      const path = `${folder}/${name}`;
      fsconfig(fs.number, FSCONFIG.FSCONFIG_SET_STRING, `${name}dir`, path);
    }
    fsconfig(fs.number, FSCONFIG.FSCONFIG_CMD_CREATE, null, null);
    using _mount = fsmount(fs.number, 0);
    return undefined;
  } catch (error) {
    if (error instanceof SyscallError) return error.message;
    throw error;
  } finally {
    removeTree(folder);
  }
}
