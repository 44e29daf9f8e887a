// The processes of a running container, as pids of this host, and what they use.

import { detectControl } from "../../../cgroups/detect-control.ts";
import type { CgroupControl, CgroupStats } from "../../../cgroups/manager.ts";
import { readTextIfThere } from "../../../ffi/files.ts";
import { isSyscallError } from "../../../ffi/syscall-error.ts";
import { UserError } from "../../errors.ts";
import { tell } from "../events/tell.ts";
import { findKept } from "./find.ts";
import { listForeground } from "./foreground.ts";
import { type KeptContainer, KeptStore } from "./kept.ts";
import { lookAfter, lookAt } from "./live.ts";
import { notRunning } from "../no-such.ts";

/** @throws UserError where it does not run */
export async function listPids(text: string): Promise<number[]> {
  const kept = new KeptStore();
  const container = findKept(text, kept);
  const { record } = await lookAfter(container, kept);
  if (record === undefined) {
    throw notRunning(`container ${container.id} is not running`, text);
  }
  tell("top", container);
  return detectControl().pids(record.cgroupsPath, { recursive: true });
}

/** What a container uses at a moment. */
export interface Usage {
  readonly container: KeptContainer;
  /** How it was called, where it was. */
  readonly asked?: string;
  readonly timeMs: number;
  /** undefined where it does not run. */
  readonly stats?: CgroupStats;
  /** Bytes that its network interfaces have received and sent, loopback apart. */
  readonly network: { readonly receivedBytes: number; readonly sentBytes: number };
}

export interface UsageRequest {
  /** None: all of them. */
  readonly names: readonly string[];
  /** Also those that do not run, where none is named. */
  readonly all: boolean;
  /** One that is named and not there (any more) is left out. */
  readonly isLenient?: boolean;
}

/** @throws UserError for a name that nobody has */
export function readUsage({ names, all, isLenient = false }: UsageRequest): Usage[] {
  const kept = new KeptStore();
  const cgroups = detectControl();
  const containers =
    names.length > 0
      ? names.flatMap((name) => findOne(name, kept, isLenient))
      : listAll(kept).map((container): Named => ({ container }));
  const found: Usage[] = [];
  for (const named of containers) {
    const { container } = named;
    const { record } = lookAt(container, kept, () => cgroups);
    const timeMs = Date.now();
    const stats = record && readStats(cgroups, record.cgroupsPath);
    if (record !== undefined && stats !== undefined) {
      // As docker has it: what passes through the host's own network is nobody's.
      const isHosts = container.options.network.kind === "host";
      const network = isHosts ? NONE : readNetwork(record.initPid);
      found.push({ ...named, timeMs, stats, network });
    } else if (names.length > 0 || all) found.push({ ...named, timeMs, network: NONE });
  }
  return found;
}

type Named = Pick<Usage, "container" | "asked">;

const listAll = (kept: KeptStore): KeptContainer[] => [
  ...kept.list().flatMap((id) => kept.read(id) ?? []),
  ...listForeground(kept),
];

function findOne(name: string, kept: KeptStore, isLenient: boolean): Named[] {
  try {
    return [{ container: findKept(name, kept), asked: name }];
  } catch (error) {
    if (isLenient && error instanceof UserError) return [];
    throw error;
  }
}

/** undefined where it has ended meanwhile. */
function readStats(cgroups: CgroupControl, path: string): CgroupStats | undefined {
  try {
    return cgroups.stats(path);
  } catch (error) {
    if (isSyscallError(error, "ENOENT", "ENODEV")) return undefined;
    throw error;
  }
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
