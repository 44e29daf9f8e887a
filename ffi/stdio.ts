// stdio.h: renameat2(2), which glibc has since 2.28 and musl not at all.

import { check, cString } from "./library.ts";
import { rawSyscall } from "./syscall.ts";

/** Where `newPath` exists: refuse (EEXIST), or swap the two. */
export const RENAME_NOREPLACE = 1;
export const RENAME_EXCHANGE = 2;

const SYS_RENAMEAT2 = process.arch === "arm64" ? 276 : 316;

/** Renames, as `flags` (RENAME) say, in one step that no one sees the middle of. renameat2(2) */
export function renameat2(
  oldDirectory: number,
  oldPath: string,
  newDirectory: number,
  newPath: string,
  flags: number,
): void {
  const args = [oldDirectory, cString(oldPath), newDirectory, cString(newPath), flags];
  check(rawSyscall(SYS_RENAMEAT2, args), "rename", { path: oldPath, detail: `to ${newPath}` });
}
