// Why a container was killed, where it was the kernel that ran out of its memory: loaded only once
// one has ended with SIGKILL.

import { writeAll } from "../../ffi/files.ts";
import type { Prepared } from "./prepare.ts";

/** Says so on stderr if the OOM killer struck in the container's cgroup, which must still be there. */
export function tellOutOfMemory({ cgroups, cgroupsPath, spec }: Prepared): void {
  if (cgroups.oomKills(cgroupsPath) === 0) return;
  writeAll(2, formatOutOfMemory(spec.linux?.resources?.memory?.limit), "stderr");
}

/** The lines for a container with that limit; without one it was the host's memory. */
export function formatOutOfMemory(limitBytes: number | undefined): string {
  if (limitBytes === undefined) {
    return "bunker: the host ran out of memory, and the container was killed\n  hint: limit it with --memory, so that it cannot take all of the host's\n";
  }
  const limit = `the container ran out of memory (limit ${formatBytes(limitBytes)})`;
  return `bunker: ${limit}\n  hint: give it more with --memory, or swap with --memory-swap\n`;
}

const MIB = 1024 * 1024;

function formatBytes(bytes: number): string {
  return bytes % MIB === 0 ? `${bytes / MIB} MiB` : `${bytes} bytes`;
}
