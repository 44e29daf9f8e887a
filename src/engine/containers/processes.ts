// The processes of a running container, as pids of this host, and what they use.

import { detectCgroups } from "../../../cgroups/detect.ts";
import type { CgroupStats } from "../../../cgroups/manager.ts";
import { readTextIfThere } from "../../../ffi/files.ts";
import { UserError } from "../../errors.ts";
import { tell } from "../events/tell.ts";
import { findKept } from "./find.ts";
import { type KeptContainer, KeptStore } from "./kept.ts";
import { lookAt } from "./live.ts";

/** @throws UserError where it does not run */
export function listPids(text: string): number[] {
  const kept = new KeptStore();
  const container = findKept(text, kept);
  const { record } = lookAt(container, kept);
  if (record === undefined) {
    throw new UserError(`container ${container.id} is not running`, undefined, 1);
  }
  tell("top", container);
  return detectCgroups().pids(record.cgroupsPath, { recursive: true });
}

/** What a container uses at a moment. */
export interface Usage {
  readonly container: KeptContainer;
  readonly timeMs: number;
  /** undefined where it does not run. */
  readonly stats?: CgroupStats;
  /** Bytes that its network interfaces have received and sent, loopback apart. */
  readonly network: { readonly receivedBytes: number; readonly sentBytes: number };
}

/**
 * The usage of those that are named, or of all that run; with `all`, of all.
 * @throws UserError for a name that nobody has
 */
export function readUsage(names: readonly string[], all: boolean): Usage[] {
  const kept = new KeptStore();
  const cgroups = detectCgroups();
  const containers =
    names.length > 0
      ? names.map((name) => findKept(name, kept))
      : kept.list().flatMap((id) => kept.read(id) ?? []);
  const found: Usage[] = [];
  for (const container of containers) {
    const { record } = lookAt(container, kept, () => cgroups);
    if (record === undefined) {
      if (names.length > 0 || all) found.push({ container, timeMs: Date.now(), network: NONE });
      continue;
    }
    found.push({
      container,
      timeMs: Date.now(),
      stats: cgroups.stats(record.cgroupsPath),
      network: readNetwork(record.initPid),
    });
  }
  return found;
}

const NONE = { receivedBytes: 0, sentBytes: 0 };
const RECEIVED = 0;
const SENT = 8;

/** /proc/PID/net/dev, proc(5): one line an interface, the counters of receiving first. */
function readNetwork(pid: number): Usage["network"] {
  let receivedBytes = 0;
  let sentBytes = 0;
  for (const line of (readTextIfThere(`/proc/${pid}/net/dev`) ?? "").split("\n").slice(2)) {
    const colon = line.indexOf(":");
    if (colon < 0 || line.slice(0, colon).trim() === "lo") continue;
    const counters = line
      .slice(colon + 1)
      .trim()
      .split(/ +/)
      .map(Number);
    receivedBytes += counters[RECEIVED] ?? 0;
    sentBytes += counters[SENT] ?? 0;
  }
  return { receivedBytes, sentBytes };
}
