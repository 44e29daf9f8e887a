// From counters to what a person reads: percentages, and how they went in the last minute.
import { totalmem } from "node:os";
import type { Usage } from "../../engine/containers/processes.ts";

export interface Rates {
  /** Of one CPU: two busy ones are 200. */
  readonly cpuPercent: number;
  readonly memoryBytes: number;
  readonly limitBytes: number;
  readonly memoryPercent: number;
  readonly readBytes: number;
  readonly writtenBytes: number;
}

const NANOSECONDS_PER_MS = 1_000_000;

/** As docker counts: memory without the page cache that can be dropped. */
export function makeRates({ container, stats, timeMs }: Usage, history: History): Rates {
  if (stats === undefined) {
    return {
      cpuPercent: 0,
      memoryBytes: 0,
      limitBytes: 0,
      memoryPercent: 0,
      readBytes: 0,
      writtenBytes: 0,
    };
  }
  const before = history.last(container.id);
  const elapsedMs = before === undefined ? 0 : timeMs - before.timeMs;
  const usedNs = stats.cpu.totalNs - (before?.stats?.cpu.totalNs ?? 0);
  const cpuPercent = elapsedMs <= 0 ? 0 : (usedNs / (elapsedMs * NANOSECONDS_PER_MS)) * 100;
  const memoryBytes = Math.max(0, stats.memory.usageBytes - stats.memory.inactiveFileBytes);
  const limitBytes = Math.min(stats.memory.limitBytes ?? Infinity, totalmem());
  let readBytes = 0;
  let writtenBytes = 0;
  for (const device of stats.io) {
    readBytes += device.readBytes;
    writtenBytes += device.writeBytes;
  }
  const memoryPercent = (memoryBytes / limitBytes) * 100;
  return { cpuPercent, memoryBytes, limitBytes, memoryPercent, readBytes, writtenBytes };
}

const KEPT = 60;

/** The last minute of each container. */
export class History {
  readonly #usages = new Map<string, Usage[]>();

  add(usages: readonly Usage[]): void {
    for (const usage of usages) {
      const list = this.#usages.get(usage.container.id) ?? [];
      list.push(usage);
      if (list.length > KEPT) list.shift();
      this.#usages.set(usage.container.id, list);
    }
  }

  last(id: string): Usage | undefined {
    return this.#usages.get(id)?.at(-1);
  }

  /** The CPU percentages between the looks that are kept, the oldest first. */
  cpuPercents(id: string): number[] {
    const list = this.#usages.get(id) ?? [];
    const percents: number[] = [];
    for (let i = 1; i < list.length; i++) {
      const [before, after] = [list[i - 1], list[i]];
      if (before?.stats === undefined || after?.stats === undefined) continue;
      const usedNs = after.stats.cpu.totalNs - before.stats.cpu.totalNs;
      percents.push((usedNs / ((after.timeMs - before.timeMs) * NANOSECONDS_PER_MS)) * 100);
    }
    return percents;
  }

  memoryBytes(id: string): number[] {
    return (this.#usages.get(id) ?? []).map(({ stats }) => stats?.memory.usageBytes ?? 0);
  }
}
