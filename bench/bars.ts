// The bars that a start has to clear, and by how much it does.

import { median } from "./statistics.ts";

/** Medians in milliseconds by subject, peaks in bytes. What was not measured is missing. */
export interface Measured {
  readonly medianMs: Readonly<Record<string, number>>;
  readonly initBytes?: number;
  readonly cliBytes?: number;
}

export interface Verdict {
  readonly title: string;
  /** "0.41", "0.2 MB"; "not measured". */
  readonly got: string;
  readonly limit: string;
  /** Never true for what was not measured. */
  readonly cleared: boolean;
}

const RATIOS = [
  { title: "default seccomp, of crun", ours: "bunker", peer: "crun", limit: 0.5 },
  { title: "default seccomp, of runc", ours: "bunker", peer: "runc", limit: 0.25 },
  { title: "unconfined, of crun", ours: "bunker-open", peer: "crun-open", limit: 1 },
  { title: "unconfined, of runc", ours: "bunker-open", peer: "runc-open", limit: 0.4 },
] as const;

const MEGABYTE = 1e6;
const INIT_BYTES = 1 * MEGABYTE;
const CLI_BYTES = 60 * MEGABYTE;

/** One verdict for each bar. */
export function judge(measured: Measured): Verdict[] {
  const { medianMs, initBytes, cliBytes } = measured;
  const ratios = RATIOS.map(({ title, ours, peer, limit }) =>
    judgeRatio(title, medianMs[ours], medianMs[peer], limit),
  );
  return [
    ...ratios,
    judgeBytes("peak memory of init before exec", initBytes, INIT_BYTES),
    judgeBytes("peak memory of the command line", cliBytes, CLI_BYTES),
  ];
}

/** The same of the OCI verbs: keys are `bunker-exec`, `crun-run` and so on. */
export interface OciMeasured {
  readonly medianMs: Readonly<Record<string, number>>;
  /** Of 100 containers, by runtime. */
  readonly crowdMs: Readonly<Record<string, number>>;
  readonly initBytes?: number;
}

const OCI_RATIOS = [
  { title: "run, of crun", verb: "run", peer: "crun", limit: 1 },
  { title: "run, of runc", verb: "run", peer: "runc", limit: 0.4 },
  { title: "run with podman's filter, of crun", verb: "seccomp", peer: "crun", limit: 0.5 },
  { title: "create + start + delete, of crun", verb: "lifecycle", peer: "crun", limit: 1 },
  { title: "exec, of crun", verb: "exec", peer: "crun", limit: 1.2 },
] as const;

/** One verdict for each bar of the OCI runtime. */
export function judgeOci({ medianMs, crowdMs, initBytes }: OciMeasured): Verdict[] {
  const ratios = OCI_RATIOS.map(({ title, verb, peer, limit }) =>
    judgeRatio(title, medianMs[`bunker-${verb}`], medianMs[`${peer}-${verb}`], limit),
  );
  return [
    ...ratios,
    // No bar says how quick: they are all made and gone.
    judgeRatio("100 containers, 8 at a time, of runc", crowdMs["bunker"], crowdMs["runc"], 1),
    judgeBytes("memory of a created container's init", initBytes, INIT_BYTES),
  ];
}

/** Medians of pulls by `NAME-IMAGE`, the peak of bunker's command line in bytes. */
export interface PullMeasured {
  readonly medianMs: Readonly<Record<string, number>>;
  readonly peakBytes?: number;
}

const PULL_LIMIT = 0.6;
const PULL_BYTES = 150 * MEGABYTE;

/** One verdict for each bar of a pull: of the better of podman and docker. */
export function judgePulls({ medianMs, peakBytes }: PullMeasured): Verdict[] {
  const ratios = ["debian", "files"].map((image) => {
    const best = betterPeer((name) => medianMs[`${name}-${image}`], Math.min);
    const title = `pull of ${image}, of the better of podman and docker`;
    return judgeRatio(title, medianMs[`bunker-${image}`], best, PULL_LIMIT);
  });
  return [...ratios, judgeBytes("peak memory of a pull", peakBytes, PULL_BYTES)];
}

const COMMIT_LIMIT = 0.5;

/** The bar of a commit: of the better of podman and docker. @param medianMs by engine */
export function judgeCommit(medianMs: Readonly<Record<string, number>>): Verdict[] {
  const best = betterPeer((name) => medianMs[name], Math.min);
  const title = "commit of 20 MB, of the better of podman and docker";
  return [judgeRatio(title, medianMs["bunker"], best, COMMIT_LIMIT)];
}

export interface NetworkMeasured {
  /** Medians of what a network costs; of bunker, podman and docker, by `NAME-WHAT`. */
  readonly medianMs: Readonly<Record<string, number>>;
  /** What one published port takes more than none, and twenty more than one. */
  readonly portMs: number;
  readonly portsMs: number;
}

const PORT_MS = 3;
const PORTS_MS = 1;
const CROWD_LIMIT = 1.25;

/** One verdict for each bar of networks. */
export function judgeNetworks({ medianMs, portMs, portsMs }: NetworkMeasured): Verdict[] {
  const { bridge } = medianMs;
  return [
    judgeRatio("run in the bridge, of podman", bridge, medianMs["podman-bridge"], 0.1),
    judgeRatio("run in the bridge, of docker", bridge, medianMs["docker-bridge"], 0.1),
    judgeMilliseconds("one published port, more than none", portMs, PORT_MS),
    judgeMilliseconds("twenty ports, more than one", portsMs, PORTS_MS),
    judgeRatio("create and rm, of podman", medianMs["create"], medianMs["podman-create"], 0.5),
    judgeRatio(
      "the last of 200 containers, of the first",
      medianMs["crowd-last"],
      medianMs["crowd-first"],
      CROWD_LIMIT,
    ),
  ];
}

/** Of each way through a published port: what passed, of what passed the direct way next to it. */
export interface ThroughputMeasured {
  readonly ratios: Readonly<Record<string, readonly number[]>>;
}

/**
 * Why [::1] has a lower bar: a host's own IPv6 packet that is redirected is routed once more, and Linux
 * looks through two tables for it, and what xfrm says of it. Redirecting alone, without a rule of bunker's
 * for [::1], leaves 0.94 (docs/status.md has the profile).
 */
export const THROUGHPUT_WAYS = [
  { title: "published, by 127.0.0.1", way: "loopback", direct: "bridge", limit: 0.95 },
  { title: "published, by the host's address", way: "host", direct: "bridge", limit: 0.95 },
  { title: "published, by [::1]", way: "loopback6", direct: "bridge6", limit: 0.9 },
  { title: "published, from another machine", way: "outside", direct: "routed", limit: 0.95 },
] as const;

/** One verdict for each way through a published port: at least that much of the way without one. */
export function judgeThroughput({ ratios }: ThroughputMeasured): Verdict[] {
  return THROUGHPUT_WAYS.map(({ title, way, limit }) => {
    const list = ratios[way] ?? [];
    return judgeLeastRatio(title, list.length === 0 ? undefined : median(list), limit);
  });
}

function judgeMilliseconds(title: string, ms: number, limit: number): Verdict {
  return { title, got: `${ms.toFixed(1)} ms`, limit: `${limit} ms`, cleared: ms <= limit };
}

/** What a command may take of a peer's time, by the keys of life.ts. */
export const LIFE_BARS = [
  { verb: "run", peer: "podman", limit: 0.12 },
  { verb: "run", peer: "docker", limit: 0.08 },
  { verb: "detach", peer: "podman", limit: 0.15 },
  { verb: "exec", peer: "docker", limit: 0.15 },
  { verb: "stop", peer: "docker", limit: 0.3 },
  { verb: "stop-deaf", peer: "docker", limit: 0.3 },
  { verb: "kill", peer: "docker", limit: 0.3 },
  { verb: "kill-deaf", peer: "docker", limit: 0.3 },
  { verb: "rm", peer: "docker", limit: 0.3 },
  { verb: "rm-deaf", peer: "docker", limit: 0.3 },
  { verb: "ps", peer: "docker", limit: 0.5 },
  { verb: "images", peer: "docker", limit: 0.5 },
  { verb: "inspect", peer: "docker", limit: 0.5 },
  { verb: "logs", peer: "docker", limit: 0.5 },
] as const;

/** One verdict for each bar of the life of a container. @param titles of what was measured */
export function judgeLife(
  medianMs: Readonly<Record<string, number>>,
  titles: Readonly<Record<string, string>>,
): Verdict[] {
  return LIFE_BARS.flatMap(({ verb, peer, limit }) => {
    if (titles[verb] === undefined) return [];
    const title = `${titles[verb]}, of ${peer}`;
    return [judgeRatio(title, medianMs[`bunker-${verb}`], medianMs[`${peer}-${verb}`], limit)];
  });
}

/** What so many containers at once took of an engine. */
export interface LoadMeasured {
  /** How many it has managed to start. */
  readonly count: number;
  /** Of all that was done to them. */
  readonly totalMs: number;
  readonly psMs: number;
  /** PSS of its daemons and of what watches the containers. */
  readonly bytes: number;
  /** What was found of it afterwards. */
  readonly left: readonly string[];
}

const LOAD_LIMIT = 0.5;
const PS_MS = 100;
const MEBIBYTE = 1024 * 1024;
const CONTAINER_BYTES = 0.42 * MEBIBYTE;
const RESIDENT_BYTES = 40 * MEBIBYTE;

/** One verdict for each bar of many containers: a peer's are of as many as it has managed. */
export function judgeLoad(measured: Readonly<Record<string, LoadMeasured>>): Verdict[] {
  const own = measured["bunker"];
  const each = (of: LoadMeasured | undefined, key: "totalMs" | "bytes"): number | undefined =>
    of === undefined || of.count === 0 ? undefined : of[key] / of.count;
  const ratios = ["docker", "podman"].flatMap((peer) => [
    judgeRatio(
      `time, of ${peer}`,
      each(own, "totalMs"),
      each(measured[peer], "totalMs"),
      LOAD_LIMIT,
    ),
    judgeRatio(`memory, of ${peer}`, each(own, "bytes"), each(measured[peer], "bytes"), LOAD_LIMIT),
  ]);
  const count = own?.count ?? 0;
  return [
    ...ratios,
    judgeMost("ps with all of them, ms", own?.psMs, PS_MS),
    judgeBytes("resident memory of all", own?.bytes, RESIDENT_BYTES + count * CONTAINER_BYTES),
    judgeMost("left of them", own?.left.length, 0),
  ];
}

/** What became of the lines that containers wrote. */
export interface LogsMeasured {
  /** By `NAME-written-KIND` and `NAME-read-KIND`. */
  readonly megabytesPerSecond: Readonly<Record<string, number>>;
  /** How many of bunker's containers have lost a line. */
  readonly lost: number;
  /** Of the last ten lines of a large log, and of `ps`. */
  readonly tailMs?: number;
  readonly psMs?: number;
}

const LOG_BARS = [
  { what: "written", title: "written down", limit: 1 },
  { what: "read", title: "read back", limit: 5 },
] as const;
/** As quick as `ps`, but for what two medians of the same differ by. */
const TAIL_LIMIT = 1.15;

/** One verdict for each bar of logs: at least so many times the better of podman and docker. */
export function judgeLogs({ megabytesPerSecond, lost, tailMs, psMs }: LogsMeasured): Verdict[] {
  const speeds = ["pipe", "terminal"].flatMap((kind) =>
    LOG_BARS.map(({ what, title, limit }) => {
      const at = (name: string) => megabytesPerSecond[`${name}-${what}-${kind}`];
      const full = `${title}, ${kind}, of the better of podman and docker`;
      return judgeLeastRatio(full, divide(at("bunker"), betterPeer(at, Math.max)), limit);
    }),
  );
  return [
    ...speeds,
    judgeRatio("logs --tail 10, of ps", tailMs, psMs, TAIL_LIMIT),
    judgeMost("containers that have lost a line", lost, 0),
  ];
}

function judgeMost(title: string, value: number | undefined, limit: number): Verdict {
  return judgeValue(title, value, {
    format: (count) => count.toFixed(0),
    limit: limit.toFixed(0),
    clears: (count) => count <= limit,
  });
}

function judgeRatio(
  title: string,
  own: number | undefined,
  peer: number | undefined,
  limit: number,
): Verdict {
  return judgeValue(title, divide(own, peer), {
    format: formatRatio,
    limit: formatRatio(limit),
    clears: (ratio) => ratio <= limit,
  });
}

/** The other way round: at least the limit. */
function judgeLeastRatio(title: string, ratio: number | undefined, limit: number): Verdict {
  return judgeValue(title, ratio, {
    format: formatRatio,
    limit: `>= ${limit}`,
    clears: (of) => of >= limit,
  });
}

const formatRatio = (ratio: number): string => ratio.toFixed(2);

/** Of podman and docker, as far as they were measured. @param better Math.min, Math.max */
function betterPeer(
  at: (name: string) => number | undefined,
  better: (...values: number[]) => number,
): number | undefined {
  const peers = ["podman", "docker"].flatMap((name) => at(name) ?? []);
  return peers.length === 0 ? undefined : better(...peers);
}

function divide(a: number | undefined, b: number | undefined): number | undefined {
  return a === undefined || b === undefined ? undefined : a / b;
}

function judgeBytes(title: string, value: number | undefined, limit: number): Verdict {
  return judgeValue(title, value, {
    format: formatMegabytes,
    limit: formatMegabytes(limit),
    clears: (bytes) => bytes < limit,
  });
}

/** A limit in words, and what it asks of a value that was measured. */
interface Bar {
  readonly limit: string;
  format(value: number): string;
  clears(value: number): boolean;
}

function judgeValue(title: string, value: number | undefined, bar: Bar): Verdict {
  const { limit } = bar;
  if (value === undefined) return { title, got: "not measured", limit, cleared: false };
  return { title, got: bar.format(value), limit, cleared: bar.clears(value) };
}

/** Decimal megabytes: "0.13 MB". */
export function formatMegabytes(bytes: number): string {
  return `${(bytes / MEGABYTE).toFixed(2)} MB`;
}
