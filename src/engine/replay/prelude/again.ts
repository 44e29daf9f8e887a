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
  if (!isForPrelude(launch) || !takeTurn(file.fd)) return;
  const arena = readArena(launch, file);
  if (arena === undefined) return;
  (await import("./publish-run.ts")).publishRun(runFolder, launch, arena);
}

/** What the processes of a launch find in their channel. */
export function readArena(
  { score }: Pick<KeptLaunch, "score">,
  { fd, arenaOffset }: Pick<KeptFile, "fd" | "arenaOffset">,
): Uint8Array | undefined {
  const arena = new Uint8Array(score.arenaBytes);
  return readAt(fd, arena, arenaOffset) === arena.length ? arena : undefined;
}

/** Whether it is time for another attempt, which is then under way. */
export function takeTurn(fd: number): boolean {
  const stat = statx(fd, "");
  if (stat === undefined) return false;
  const sinceMs = Date.now() - Number(stat.getBigInt64(STATX.modified, true)) * 1000;
  if (sinceMs <= PAUSE_MS) return false;
  // Order: first, so that what goes wrong does so once in a while.
  syscall("utimensat", [fd, 0, 0, 0]);
  return true;
}
