// The descriptors that a caller hands to a container's program: --preserve-fds, and those of systemd's
// socket activation. sd_listen_fds(3)

import { setCloseOnExec } from "../../../ffi/fcntl.ts";
import { listDirectory, readLink } from "../../../ffi/files.ts";
import type { Process } from "../../oci/spec.ts";

const FIRST_FD = 3;

/** The JavaScript engine's own, which it has opened before any of our code runs. */
const ENGINES = ["anon_inode:[eventpoll]", "anon_inode:[eventfd]"];

/**
 * The descriptors besides the standard streams that the caller has opened for us.
 * Order: before this process opens any. Kernel: which are inherited cannot be seen later, as Bun makes
 * all of them close-on-exec when it starts.
 */
export function listInherited(): number[] {
  const fds: number[] = [];
  for (const { name } of listDirectory("/proc/self/fd") ?? []) {
    const fd = Number(name);
    if (fd < FIRST_FD) continue;
    const target = readLink(`/proc/self/fd/${name}`);
    if (target !== undefined && !ENGINES.includes(target)) fds.push(fd);
  }
  return fds.sort((a, b) => a - b);
}

/**
 * Of `count` descriptors from 3 on, those that the caller really has opened: the program gets them.
 * Security: nothing that this process has opened itself is among them.
 */
export function passOn(count: number, inherited: readonly number[]): number[] {
  const fds = inherited.filter((fd) => fd < FIRST_FD + count);
  for (const fd of fds) setCloseOnExec(fd, false);
  return fds;
}

/** How many sockets systemd has opened for us. */
export function countActivated(): number {
  return Math.max(0, Number.parseInt(process.env["LISTEN_FDS"] ?? "", 10) || 0);
}

/**
 * The process with the variables that tell it of those sockets. It is the first of its pid namespace,
 * as a rule; runc says so as well.
 */
export function withActivated(process: Process, count: number): Process {
  if (count === 0) return process;
  const variables = [`LISTEN_FDS=${count}`, "LISTEN_PID=1"];
  return { ...process, env: [...(process.env ?? []), ...variables] };
}
