// What an engine has on the host for its containers, in a pid namespace that is the bench's own: the
// processes that watch over them, what those weigh, and what is left afterwards.

import { type Dirent, readdirSync, readFileSync, readlinkSync } from "node:fs";

/** PSS of everything but the bench and the containers: daemons, shims, monitors, guardians. In bytes. */
export function measureWatchers(): number {
  let bytes = 0;
  for (const pid of listWatchers()) {
    const rollup = readOrNothing(`/proc/${pid}/smaps_rollup`);
    bytes += Number(/^Pss:\s+(\d+) kB$/m.exec(rollup)?.[1] ?? 0) * 1024;
  }
  return bytes;
}

/** Pid 1 is the reaper's. */
function listWatchers(): number[] {
  const own = namespaceOf(process.pid);
  return readdirSync("/proc")
    .map(Number)
    .filter((pid) => pid > 1 && pid !== process.pid && namespaceOf(pid) === own);
}

/** "" where it has gone meanwhile. */
function namespaceOf(pid: number): string {
  try {
    return readlinkSync(`/proc/${pid}/ns/pid`);
  } catch {
    return "";
  }
}

function readOrNothing(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return "";
  }
}

const CGROUPS = "/sys/fs/cgroup";

/**
 * Processes, mounts and links; cgroups, and files of the engine's, whose names have one of `ids` in
 * them. A line each.
 * @param folders where the engine keeps what it knows of containers
 */
export function takeTraces(ids: readonly string[], folders: readonly string[]): Set<string> {
  const mounts = readOrNothing("/proc/self/mountinfo").split("\n");
  return new Set([
    ...listWatchers().map((pid) => `process ${pid} ${readOrNothing(`/proc/${pid}/comm`).trim()}`),
    ...mounts.map((line) => `mount ${line.split(" ")[4] ?? ""}`),
    ...readdirSync("/sys/class/net").map((name) => `link ${name}`),
    ...[CGROUPS, ...folders].flatMap((folder) => listNamed(folder, ids)),
  ]);
}

function listNamed(folder: string, ids: readonly string[]): string[] {
  if (ids.length === 0) return [];
  return listEntries(folder).flatMap((entry) => {
    const path = `${folder}/${entry.name}`;
    const isOurs = ids.some((id) => entry.name.includes(id));
    if (isOurs) return [`file ${path}`];
    return entry.isDirectory() ? listNamed(path, ids) : [];
  });
}

function listEntries(folder: string): Dirent[] {
  try {
    return readdirSync(folder, { withFileTypes: true });
  } catch {
    // Race: it may be gone between its listing and this.
    return [];
  }
}

const PATIENCE_MS = 5000;
const PAUSE_MS = 50;

/** What is there now and was not before. Waits, as the kernel takes cgroups down after their processes. */
export function leftOf(
  before: ReadonlySet<string>,
  ids: readonly string[],
  folders: readonly string[],
): string[] {
  const end = performance.now() + PATIENCE_MS;
  for (;;) {
    const left = [...takeTraces(ids, folders)].filter((line) => !before.has(line));
    if (left.length === 0 || performance.now() > end) return left;
    Bun.sleepSync(PAUSE_MS);
  }
}
