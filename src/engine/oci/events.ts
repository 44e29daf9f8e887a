// `events`: what a container uses, now and then, and when it lacks memory.
import type { OutOfMemoryWatch } from "../../../cgroups/details.ts";
import type { CgroupControl } from "../../../cgroups/manager.ts";
import { poll } from "../../../ffi/poll.ts";
import { isSyscallError } from "../../../ffi/syscall-error.ts";
import { UserError } from "../../errors.ts";
import type { OciGlobals } from "./options.ts";
import { cgroupOf } from "./pause.ts";
import { formatStats } from "./stats.ts";
import { cgroupsOf } from "./cgroups-of.ts";
import { statusOf } from "./status.ts";
import { OciStore } from "./store.ts";

/** One line of the output. */
export interface OciEvent {
  readonly type: "stats" | "oom";
  readonly id: string;
  /** Of `stats`. */
  readonly data?: object;
}

/** What `events` takes. */
export interface EventsOptions {
  readonly id: string;
  /** Between two statistics. */
  readonly intervalMs: number;
  /** One of them, at once, and no more. */
  readonly once: boolean;
}

/**
 * Tells of each event until the container is gone.
 * @throws UserError where it does not run
 */
export async function watchEvents(
  options: EventsOptions,
  globals: OciGlobals,
  tell: (event: OciEvent) => void,
): Promise<void> {
  const { id, once } = options;
  const store = new OciStore(globals.root);
  const record = store.read(id);
  if ((await statusOf(record, store.folder(id))) === "stopped") {
    throw new UserError(`container with id ${id} is not running`);
  }
  const cgroups = cgroupsOf(record);
  const cgroupsPath = cgroupOf(record);
  if (once) return tellStats(id, cgroups, cgroupsPath, tell);
  using watch = await openWatch(cgroups, cgroupsPath);
  let nextMs = performance.now() + options.intervalMs;
  for (;;) {
    waitUntil(nextMs, watch);
    const count = watch.take();
    if (count === undefined) return;
    for (let i = 0; i < count; i++) tell({ type: "oom", id });
    if (performance.now() < nextMs) continue;
    await tellStats(id, cgroups, cgroupsPath, tell);
    nextMs += options.intervalMs;
  }
}

async function tellStats(
  id: string,
  cgroups: CgroupControl,
  cgroupsPath: string,
  tell: (event: OciEvent) => void,
): Promise<void> {
  const stats = cgroups.stats(cgroupsPath);
  const details = await cgroups.details(cgroupsPath);
  tell({ type: "stats", id, data: formatStats(stats, details) });
}

/** The longest wait: nothing wakes us when a cgroup goes away that has no memory controller. */
const PATIENCE_MS = 1000;

function waitUntil(timeMs: number, { requests }: OutOfMemoryWatch): void {
  const leftMs = Math.max(0, Math.ceil(timeMs - performance.now()));
  poll(requests, Math.min(leftMs, PATIENCE_MS));
}

/** Without a memory controller there are still statistics, for as long as something runs. */
async function openWatch(cgroups: CgroupControl, cgroupsPath: string): Promise<OutOfMemoryWatch> {
  try {
    return await cgroups.watchOutOfMemory(cgroupsPath);
  } catch (error) {
    if (!(error instanceof UserError) && !isSyscallError(error, "ENOENT")) throw error;
    const isThere = (): boolean => cgroups.pids(cgroupsPath, { recursive: true }).length > 0;
    return {
      requests: [],
      take: () => (isThere() ? 0 : undefined),
      [Symbol.dispose]: () => {},
    };
  }
}
