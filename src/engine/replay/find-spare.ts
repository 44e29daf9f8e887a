// Where the folder of a container is kept for the next one (spare-folder.ts), and whether it is.

import { readVariable } from "../../../ffi/environment.ts";
import { FILE_SYSTEM_MAGIC, statfs } from "../../../ffi/statfs.ts";
import { isSyscallError } from "../../../ffi/syscall-error.ts";
import { runFolder } from "../run-folder.ts";

/** undefined where folders are removed in no time. @param stateFolder what containers' folders are in */
export function findSpare(stateFolder: string, name: string): string | undefined {
  if (!isSlowToRemoveFrom(stateFolder)) return undefined;
  return `${runFolder({ BUNKER_RUN: readVariable("BUNKER_RUN") })}/${name}`;
}

function isSlowToRemoveFrom(folder: string): boolean {
  try {
    return statfs(folder).magic === FILE_SYSTEM_MAGIC.ext4;
  } catch (error) {
    if (isSyscallError(error, "ENOENT")) return false;
    throw error;
  }
}
