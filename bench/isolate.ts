// The bench's own mount namespace: what it mounts for a while, nobody else sees, and no crash of it
// leaves mounted.

import { existsSync, mkdirSync, readFileSync, rmSync } from "node:fs";
import { MNT } from "../ffi/constants.ts";
import { mount, umount2 } from "../ffi/mount.ts";
import { UserError } from "../src/errors.ts";

const MARK = "BUNKER_BENCH_ISOLATED";
/** 128 + SIGKILL */
const KILLED = 137;

/**
 * Starts this program again in a mount namespace and returns its exit status, or prepares the
 * namespace and returns undefined where that has been done.
 * @param more flags of unshare(1): `--net`
 */
export function isolate(more: readonly string[] = []): number | undefined {
  if (process.getuid?.() !== 0) throw new UserError("the bench needs root", "start it with sudo");
  if (process.env[MARK] !== undefined) {
    mountHugetlb();
    return undefined;
  }
  const argv = ["unshare", "--mount", "--propagation", "private", ...more, process.execPath];
  const { exitCode } = Bun.spawnSync([...argv, ...process.argv.slice(1)], {
    stdio: ["ignore", "inherit", "inherit"],
    env: { ...process.env, [MARK]: "1" },
  });
  // Security: null where a signal has ended it; what is to be apart must not begin again here.
  return exitCode ?? KILLED;
}

/**
 * More flags for who starts daemons: links and processes of its own, which all end with the bench.
 * Pid 1 waits for whoever is left to it, as shims and guardians are.
 */
export const APART = [
  ...["--net", "--pid", "--fork", "--kill-child", "--mount-proc"],
  ...["bash", "-c", 'trap "exit 130" INT TERM; "$@" & wait $!', "bash"],
];

/** What daemons want to find there. */
export function prepareForDaemons(): void {
  Bun.spawnSync(["ip", "link", "set", "lo", "up"]);
  // Podman's locks have one name for all its stores.
  mount("tmpfs", "/dev/shm", "tmpfs", 0, "");
}

/** crun 1.8 does not start on a host of version 1 that has no hugetlb hierarchy mounted. */
function mountHugetlb(): void {
  const folder = "/sys/fs/cgroup/hugetlb";
  const unified = existsSync("/sys/fs/cgroup/cgroup.controllers");
  if (unified || existsSync(`${folder}/tasks`)) return;
  try {
    mkdirSync(folder, { recursive: true });
    mount("cgroup", folder, "cgroup", 0, "hugetlb");
  } catch (error) {
    if (!(error instanceof Error)) throw error;
    process.stderr.write(`bench: no hugetlb hierarchy: ${error.message}\n`);
  }
}

/**
 * Removes a folder with whatever programs have left mounted in it: podman mounts one on itself. What
 * cannot be removed is told and no more, as it must not hide why the bench has ended.
 */
export function removeFolder(folder: string): void {
  try {
    const lines = readFileSync("/proc/self/mountinfo", "utf8").split("\n").toReversed();
    for (const line of lines) {
      const path = line.split(" ")[4] ?? "";
      if (path.startsWith(`${folder}/`)) umount2(path, MNT.MNT_DETACH);
    }
    rmSync(folder, { recursive: true, force: true });
  } catch (error) {
    if (!(error instanceof Error)) throw error;
    process.stderr.write(`bench: ${folder} is left: ${error.message}\n`);
  }
}
