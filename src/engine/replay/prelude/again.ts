// Makes a prelude once more, of a launch that the runtime has replayed: there is none any more, or it is not
// performed as some file has been written again with the same in it. Neither changes what is replayed.

import { STATX, statx } from "../../../../ffi/statx.ts";
import { syscall } from "../../../../ffi/syscall.ts";
import { readAt } from "../../../../ffi/tree.ts";
import type { KeptFile, KeptLaunch } from "../kept.ts";
import { isForPrelude } from "./is-for-prelude.ts";

/** It takes some milliseconds, and may be of no use: a caller that has no stdin has no prelude either. */
const PAUSE_MS = 20_000;

/** @param file where the launch is kept; its time is that of the last attempt */
export async function publishAgain(
  runFolder: string,
  launch: KeptLaunch,
  file: KeptFile,
): Promise<void> {
  if (!isForPrelude(launch) || !isDue(file.fd)) return;
  // Order: first, so that what goes wrong does so once in a while.
  syscall("utimensat", [file.fd, 0, 0, 0]);
  const arena = new Uint8Array(launch.score.arenaBytes);
  if (readAt(file.fd, arena, file.arenaOffset) !== arena.length) return;
  (await import("./publish-run.ts")).publishRun(runFolder, launch, arena);
}

function isDue(fd: number): boolean {
  const stat = statx(fd, "");
  if (stat === undefined) return false;
  return Date.now() - Number(stat.getBigInt64(STATX.modified, true)) * 1000 > PAUSE_MS;
}
