// From counters to what a person reads: percentages, and bytes a second, as they went in the last minute.
import { totalmem } from "node:os";
import type { Usage } from "../../engine/containers/processes.ts";

/** What a container used when it was looked at. */
export interface Sample {
  readonly timeMs: number;
  /** Of one CPU: two busy ones are 200. Since the look before; 0 for the first one. */
  readonly cpuPercent: number;
  readonly memoryBytes: number;
  readonly limitBytes: number;
  readonly memoryPercent: number;
  readonly pids: number;
  /** Since it was started. */
  readonly receivedBytes: number;
  readonly sentBytes: number;
  readonly readBytes: number;
  readonly writtenBytes: number;
  /** The same, a second, since the look before. */
  readonly receivedRate: number;
  readonly sentRate: number;
  readonly readRate: number;
  readonly writtenRate: number;
}

/** Nothing. */
export const IDLE: Sample = {
  timeMs: 0,
  cpuPercent: 0,
  memoryBytes: 0,
  limitBytes: 0,
  memoryPercent: 0,
  pids: 0,
  receivedBytes: 0,
  sentBytes: 0,
  readBytes: 0,
  writtenBytes: 0,
  receivedRate: 0,
  sentRate: 0,
  readRate: 0,
  writtenRate: 0,
};

/** What samples are made of one by one, and what only two looks tell. */
interface Look {
  readonly usage: Usage;
  readonly sample: Sample;
}

/** How many looks make a minute. */
export const MINUTE = 60;
const NANOSECONDS_PER_MS = 1_000_000;
const MS_PER_SECOND = 1000;

/** The last minute of each container. */
export class History {
  readonly #looks = new Map<string, Look[]>();

  /** One look at them all; of those that are not among them nothing is kept. */
  add(usages: readonly Usage[]): void {
    const present = new Set<string>();
    for (const usage of usages) {
      const { id } = usage.container;
      present.add(id);
      const looks = this.#looks.get(id) ?? [];
      const sample = makeSample(usage, looks.at(-1));
      if (sample === undefined) {
        this.#looks.delete(id);
        continue;
      }
      looks.push({ usage, sample });
      if (looks.length > MINUTE + 1) looks.shift();
      this.#looks.set(id, looks);
    }
    for (const id of this.#looks.keys()) if (!present.has(id)) this.#looks.delete(id);
  }

  /** undefined where it does not run. */
  last(id: string): Sample | undefined {
    return this.#looks.get(id)?.at(-1)?.sample;
  }

  /** The oldest first; without the first look of all, which tells no rates. */
  samples(id: string): readonly Sample[] {
    return (this.#looks.get(id) ?? []).slice(1).map(({ sample }) => sample);
  }
}

/** As docker counts: memory without the page cache that can be dropped. */
function makeSample(usage: Usage, before: Look | undefined): Sample | undefined {
  const { stats, timeMs, network } = usage;
  if (stats === undefined) return undefined;
  const elapsedMs = before === undefined ? 0 : timeMs - before.sample.timeMs;
  const rate = (now: number, then: number | undefined): number =>
    elapsedMs <= 0 || then === undefined ? 0 : Math.max(0, (now - then) / elapsedMs);
  const cpuNs = rate(stats.cpu.totalNs, before?.usage.stats?.cpu.totalNs);
  const memoryBytes = Math.max(0, stats.memory.usageBytes - stats.memory.inactiveFileBytes);
  const limitBytes = Math.min(stats.memory.limitBytes ?? Infinity, totalmem());
  let readBytes = 0;
  let writtenBytes = 0;
  for (const device of stats.io) {
    readBytes += device.readBytes;
    writtenBytes += device.writeBytes;
  }
  const { receivedBytes, sentBytes } = network;
  const last = before?.sample;
  return {
    timeMs,
    cpuPercent: (cpuNs / NANOSECONDS_PER_MS) * 100,
    memoryBytes,
    limitBytes,
    memoryPercent: (memoryBytes / limitBytes) * 100,
    pids: stats.pids.current,
    receivedBytes,
    sentBytes,
    readBytes,
    writtenBytes,
    receivedRate: rate(receivedBytes, last?.receivedBytes) * MS_PER_SECOND,
    sentRate: rate(sentBytes, last?.sentBytes) * MS_PER_SECOND,
    readRate: rate(readBytes, last?.readBytes) * MS_PER_SECOND,
    writtenRate: rate(writtenBytes, last?.writtenBytes) * MS_PER_SECOND,
  };
}

/** All of them together, from the newest look on: as long as the longest of them. */
export function addUp(all: readonly (readonly Sample[])[]): Sample[] {
  const length = Math.max(0, ...all.map((samples) => samples.length));
  const sums: Sample[] = [];
  for (let back = length; back > 0; back--) {
    const parts = all.flatMap((samples) => samples[samples.length - back] ?? []);
    const [first, ...others] = parts;
    if (first !== undefined) sums.push(others.reduce(plus, first));
  }
  return sums;
}

function plus(one: Sample, other: Sample): Sample {
  const memoryBytes = one.memoryBytes + other.memoryBytes;
  const limitBytes = totalmem();
  return {
    timeMs: one.timeMs,
    cpuPercent: one.cpuPercent + other.cpuPercent,
    memoryBytes,
    limitBytes,
    memoryPercent: (memoryBytes / limitBytes) * 100,
    pids: one.pids + other.pids,
    receivedBytes: one.receivedBytes + other.receivedBytes,
    sentBytes: one.sentBytes + other.sentBytes,
    readBytes: one.readBytes + other.readBytes,
    writtenBytes: one.writtenBytes + other.writtenBytes,
    receivedRate: one.receivedRate + other.receivedRate,
    sentRate: one.sentRate + other.sentRate,
    readRate: one.readRate + other.readRate,
    writtenRate: one.writtenRate + other.writtenRate,
  };
}
