// The kernel's file systems in a container: /proc, /dev and what is below, /sys, its cgroup.

import type { SpecFacts } from "./host-facts.ts";
import type { RunOptions } from "./run-options.ts";
import { makesNamespace } from "./spec-namespaces.ts";

/** A mount whose options can still be added to. */
export interface KernelMount {
  readonly destination: string;
  readonly type: string;
  readonly source: string;
  readonly options: string[];
}

/** docker's seven, in its order; writable for a privileged container where docker's are. */
export function makeKernelMounts(options: RunOptions, facts: SpecFacts): KernelMount[] {
  const { privileged } = options.security;
  const mapped = facts.idMappings !== undefined;
  const mounts = [
    mount("/proc", "proc", "proc", ["nosuid", "noexec", "nodev"]),
    mount("/dev", "tmpfs", "tmpfs", ["nosuid", "strictatime", "mode=755", "size=65536k"]),
    mount("/dev/pts", "devpts", "devpts", makePtsOptions(facts)),
    mount("/sys", "sysfs", "sysfs", ["nosuid", "noexec", "nodev"]),
    mount("/sys/fs/cgroup", "cgroup", "cgroup", ["nosuid", "noexec", "nodev"]),
    mount("/dev/mqueue", "mqueue", "mqueue", ["nosuid", "noexec", "nodev"]),
  ];
  if (!privileged) mounts[3]?.options.push("ro");
  // Kernel: in a user namespace the flag could not be taken back by the remount that follows, and the
  // host's files cannot be written there either.
  if (!privileged && !mapped) mounts[4]?.options.unshift("ro");
  const shm = makeShm(options, facts);
  if (shm !== undefined) mounts.push(shm);
  return mapped ? mounts.map((one) => asUserNamespaceAllows(one, options)) : mounts;
}

function mount(destination: string, type: string, source: string, options: string[]): KernelMount {
  return { destination, type, source, options };
}

function bind(destination: string, source: string, more: readonly string[] = []): KernelMount {
  return { destination, type: "bind", source, options: ["rbind", "rprivate", ...more] };
}

// Kernel: gid=5 (tty) is refused where the user namespace has no such group.
function makePtsOptions(facts: SpecFacts): string[] {
  const options = ["nosuid", "noexec", "newinstance", "ptmxmode=0666", "mode=0620"];
  const gids = facts.idMappings?.gids;
  const hasTty = gids?.some(
    (range) => range.containerID <= 5 && range.containerID + range.size > 5,
  );
  if (hasTty !== false) options.push("gid=5");
  return options;
}

// /dev/shm goes with the ipc namespace: shared where that is, absent where nobody wants one.
function makeShm(options: RunOptions, facts: SpecFacts): KernelMount | undefined {
  const { ipc } = options;
  if (ipc.kind === "none") return undefined;
  if (ipc.kind === "host") return bind("/dev/shm", "/dev/shm");
  const shared =
    ipc.kind === "container"
      ? facts.shmPaths?.[ipc.id]
      : ipc.kind === "shareable"
        ? facts.shareableShmPath
        : undefined;
  if (shared !== undefined) return bind("/dev/shm", shared);
  const size = `size=${options.shmSizeBytes}`;
  return mount("/dev/shm", "tmpfs", "shm", ["nosuid", "noexec", "nodev", "mode=1777", size]);
}

/**
 * Kernel: a user namespace may mount proc, sysfs and mqueue only where it owns the pid, network or ipc
 * namespace that they show; the host's are bound in instead.
 */
function asUserNamespaceAllows(one: KernelMount, options: RunOptions): KernelMount {
  switch (one.destination) {
    case "/proc":
      return makesNamespace(options.pid) ? one : bind("/proc", "/proc");
    case "/sys":
      return makesNamespace(options.network) ? one : bind("/sys", "/sys", ["ro"]);
    case "/dev/mqueue":
      return makesNamespace(options.ipc) ? one : bind("/dev/mqueue", "/dev/mqueue");
    default:
      return one;
  }
}
