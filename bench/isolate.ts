// The bench's own mount namespace: what it mounts for a while, nobody else sees, and no crash of it
// leaves mounted.

import { existsSync, mkdirSync } from "node:fs";
import { mount } from "../ffi/mount.ts";
import { UserError } from "../src/errors.ts";

const MARK = "BUNKER_BENCH_ISOLATED";

/**
 * Starts this program again in a mount namespace and returns its exit status, or prepares the
 * namespace and returns undefined where that has been done.
 */
export function isolate(): number | undefined {
  if (process.getuid?.() !== 0) throw new UserError("the bench needs root", "start it with sudo");
  if (process.env[MARK] !== undefined) {
    mountHugetlb();
    return undefined;
  }
  const argv = ["unshare", "--mount", "--propagation", "private", process.execPath];
  const { exitCode } = Bun.spawnSync([...argv, ...process.argv.slice(1)], {
    stdio: ["ignore", "inherit", "inherit"],
    env: { ...process.env, [MARK]: "1" },
  });
  return exitCode;
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
