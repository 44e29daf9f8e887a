// What containers leave on a host when something went wrong: taken before and after, the two
// inventories must be the same.

import {
  type Dirent,
  existsSync,
  lstatSync,
  readFileSync,
  readdirSync,
  readlinkSync,
} from "node:fs";
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
    ...stateIn("/run/bunker", "/var/lib/bunker"),
    ...temporaryFiles(),
    ...hostFiles(),
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
  return await emptyInTime(
    () => [...takeInventory()].filter((line) => !before.has(line)).sort(),
    patienceMs,
  );
}

/** What `look` gives, as soon as that is nothing; or once the patience is over. */
export async function emptyInTime(
  look: () => readonly string[],
  patienceMs = PATIENCE_MS,
): Promise<readonly string[]> {
  const end = performance.now() + patienceMs;
  for (;;) {
    const left = look();
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

// Also those of the sandboxes that callers and the peers' tests run in.
const OWN_CGROUPS = /bunker|^callers\.|^conformance-/;

/**
 * The cgroups in each hierarchy that are named after bunker, or below one that is. The parent of
 * all of them may stay, as docker's does, but nothing in it.
 */
function cgroups(folder: string, inside = false): readonly string[] {
  const folders = entries(folder).filter((entry) => entry.isDirectory());
  return folders.flatMap(({ name }) => {
    const path = `${folder}/${name}`;
    const ours = inside || OWN_CGROUPS.test(name);
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
    const ours = name.startsWith("bunker") || isAgent(pid);
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

// What the next container may find there: filters that were compiled once, what runs left behind to make
// the next of their kind quick, and what has happened, which is kept up to a size.
const KEPT = ["seccomp", "scores", "events", "events.1"];

/** What bunker's folders hold of containers, a line each. */
export function stateIn(run: string, data: string): readonly string[] {
  const kept = KEPT.map((name) => `${run}/${name}`);
  return [
    ...files(run, kept).map((path) => `state ${path}`),
    ...["containers", "names", "volumes", "networks"].flatMap((kind) =>
      names(`${data}/${kind}`).map((name) => `kept ${kind} ${name}`),
    ),
  ];
}

/** The files and symlinks below a folder: empty folders may stay for the next container. */
function files(folder: string, kept: readonly string[]): readonly string[] {
  return entries(folder).flatMap((entry) => {
    const path = `${folder}/${entry.name}`;
    if (kept.includes(path)) return [];
    return entry.isDirectory() ? files(path, kept) : [path];
  });
}

const TEMPORARY = /^(bunker-|callers\.|tests-of-bunker-)/;

function temporaryFiles(): readonly string[] {
  const folders = [...new Set(["/tmp", "/var/tmp", "/run", tmpdir()])].filter(existsSync);
  return folders.flatMap((folder) =>
    names(folder)
      .filter((name) => TEMPORARY.test(name))
      .map((name) => `file ${folder}/${name}`),
  );
}

// Files of the host that a container sees, or has one of its own of: nobody may change them. Programs,
// and what the tests' own packages do not write to, with their contents' time and size.
const UNTOUCHED = [
  ...["/bin/busybox", "/bin/sh", "/bin/true", "/bin/sleep", "/usr/bin/env"],
  ...["/etc/hosts", "/etc/hostname", "/etc/resolv.conf", "/etc/fstab"],
];
const SAME_MODE = [
  ...["/", "/dev", "/etc", "/proc", "/run", "/sys", "/tmp", "/var", "/var/lib", "/root"],
  ...[
    "/dev/null",
    "/dev/zero",
    "/dev/full",
    "/dev/random",
    "/dev/urandom",
    "/dev/tty",
    "/dev/ptmx",
  ],
  ...["/etc/passwd", "/etc/group", "/etc/shadow"],
];

/** What is known of them: where a line is new, the file is another one than it was. */
function hostFiles(): readonly string[] {
  return [
    ...UNTOUCHED.flatMap((path) => describeFile(path, true)),
    ...SAME_MODE.flatMap((path) => describeFile(path, false)),
  ];
}

function describeFile(path: string, hasContents: boolean): readonly string[] {
  try {
    const { mode, uid, gid, size, mtimeMs } = lstatSync(path);
    const contents = hasContents ? ` ${size} bytes of ${new Date(mtimeMs).toISOString()}` : "";
    return [`host's ${path} as mode ${mode.toString(8)} ${uid}:${gid}${contents}`];
  } catch {
    return [`host's ${path} missing`];
  }
}
