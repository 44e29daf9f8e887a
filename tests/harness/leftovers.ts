// What containers leave on a host when something went wrong: taken before and after, the two
// inventories must be the same.

import { type Dirent, existsSync, readFileSync, readdirSync, readlinkSync } from "node:fs";
import { tmpdir } from "node:os";

/** Everything on this host that a container could have left, one line each: `mount /proc/x`. */
export type Inventory = ReadonlySet<string>;

/** The inventory of now; without root it has only what this user sees. */
export function takeInventory(): Inventory {
  return new Set([
    ...mounts(),
    ...cgroups("/sys/fs/cgroup"),
    ...names("/sys/class/net").map((name) => `link ${name}`),
    ...names("/run/netns").map((name) => `network namespace ${name}`),
    ...firewallTables(),
    ...processes(),
    ...files("/run/bunker").map((path) => `state ${path}`),
    ...temporaryFiles(),
  ]);
}

const PATIENCE_MS = 5000;
const PAUSE_MS = 50;

/**
 * What is there now and was not before, sorted; empty is good. Waits up to five seconds for it to
 * become so (`patienceMs`), as the kernel takes down namespaces and cgroups after their last process.
 */
export async function leftSince(
  before: Inventory,
  patienceMs = PATIENCE_MS,
): Promise<readonly string[]> {
  const end = performance.now() + patienceMs;
  for (;;) {
    const left = [...takeInventory()].filter((line) => !before.has(line)).sort();
    if (left.length === 0 || performance.now() > end) return left;
    await Bun.sleep(PAUSE_MS);
  }
}

/** The names in a folder; none where there is no such folder. */
function names(folder: string): readonly string[] {
  return entries(folder).map((entry) => entry.name);
}

function entries(folder: string): readonly Dirent[] {
  try {
    return readdirSync(folder, { withFileTypes: true });
  } catch {
    // Race: it may be gone between its listing and this.
    return [];
  }
}

function text(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return "";
  }
}

/** Mounts by mount point, type and source: ids and options may change on their own. */
function mounts(): readonly string[] {
  const lines = text("/proc/self/mountinfo").split("\n");
  return lines.flatMap((line) => {
    const [left, right] = line.split(" - ");
    const mountPoint = left?.split(" ")[4];
    const [type, source] = right?.split(" ") ?? [];
    // `ip netns` makes it once for each host, and leaves it.
    if (mountPoint === undefined || mountPoint === "/run/netns") return [];
    return [`mount ${mountPoint} (${type} ${source})`];
  });
}

/**
 * The cgroups in each hierarchy that are named after bunker, or below one that is. The parent of
 * all of them may stay, as docker's does, but nothing in it.
 */
function cgroups(folder: string, inside = false): readonly string[] {
  const folders = entries(folder).filter((entry) => entry.isDirectory());
  return folders.flatMap(({ name }) => {
    const path = `${folder}/${name}`;
    const ours = inside || name.includes("bunker");
    const self = ours && name !== "bunker" ? [`cgroup ${path}`] : [];
    return [...self, ...cgroups(path, ours)];
  });
}

function firewallTables(): readonly string[] {
  const nft = Bun.which("nft");
  if (nft === null) return [];
  const { stdout } = Bun.spawnSync([nft, "list", "tables"], { stderr: "ignore" });
  const lines = stdout.toString().split("\n");
  return lines.filter((line) => line !== "").map((line) => `nft ${line}`);
}

/** Processes of bunker's own: by name, or by the sealed file that the agent is started from. */
function processes(): readonly string[] {
  const pids = names("/proc").filter((name) => /^\d+$/.test(name));
  return pids.flatMap((pid) => {
    const name = text(`/proc/${pid}/comm`).trim();
    const ours = name === "bunker" || name === "bunker-agent" || isAgent(pid);
    return ours ? [`process ${pid} ${name}`] : [];
  });
}

function isAgent(pid: string): boolean {
  try {
    return readlinkSync(`/proc/${pid}/exe`).includes("memfd:bunker-agent");
  } catch {
    return false;
  }
}

// What the next container may find there: filters that were compiled once, and what runs left behind
// to make the next of their kind quick.
const CACHES = ["/run/bunker/seccomp", "/run/bunker/scores"];

/** The files and symlinks below a folder: empty folders may stay for the next container. */
function files(folder: string): readonly string[] {
  return entries(folder).flatMap((entry) => {
    const path = `${folder}/${entry.name}`;
    if (CACHES.includes(path)) return [];
    return entry.isDirectory() ? files(path) : [path];
  });
}

function temporaryFiles(): readonly string[] {
  const folders = [...new Set(["/tmp", tmpdir()])].filter(existsSync);
  return folders.flatMap((folder) =>
    names(folder)
      .filter((name) => name.startsWith("bunker-"))
      .map((name) => `file ${folder}/${name}`),
  );
}
