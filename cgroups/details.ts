// What the controllers count besides CgroupManager.stats(), for whoever wants all of it (`events`).
// Both versions fill the same records; what a kernel does not count is absent or 0.

import { readControlFile } from "./control-file.ts";
import type { PollRequest } from "../ffi/poll.ts";

export interface CgroupDetails {
  readonly memory: MemoryDetails;
  /** Nanoseconds of each cpu; empty where the kernel does not tell them apart. */
  readonly perCpuUserNs: readonly number[];
  readonly perCpuKernelNs: readonly number[];
  /** Flags of cpuset and its lists, by the names of their files; empty without the controller. */
  readonly cpuset: Readonly<Record<string, string>>;
  /** By page size: "2MB". */
  readonly hugepages: Readonly<Record<string, Usage>>;
  /** Stalls, where the kernel measures them: psi.rst. */
  readonly pressure: { readonly [K in "cpu" | "memory" | "io"]?: Pressure };
}

export interface MemoryDetails {
  readonly cacheBytes: number;
  readonly memory: Usage;
  /** Memory and swap together on v1, swap alone on v2, as runc tells it. */
  readonly swap: Usage;
  readonly kernel: Usage;
  readonly kernelTcp: Usage;
}

/** Bytes; `limit` null is none. */
export interface Usage {
  readonly limit: number | null;
  readonly usage: number;
  readonly peak: number;
  /** How often the limit was hit. */
  readonly failures: number;
}

export const NO_USAGE: Usage = { limit: 0, usage: 0, peak: 0, failures: 0 };

export interface Stall {
  readonly avg10: number;
  readonly avg60: number;
  readonly avg300: number;
  /** Microseconds. */
  readonly total: number;
}

export interface Pressure {
  readonly some: Stall;
  readonly full: Stall;
}

/** What wakes whoever waits for a process to be killed for want of memory. */
export interface OutOfMemoryWatch extends Disposable {
  readonly requests: readonly PollRequest[];
  /** How many such events there were since the last call; undefined once the cgroup has ended. */
  take(): number | undefined;
}

/** `some avg10=0.00 avg60=0.00 avg300=0.00 total=0` and `full …`; undefined where there is no such file. */
export function readPressure(path: string): Pressure | undefined {
  const text = readControlFile(path);
  if (text === undefined) return undefined;
  const none: Stall = { avg10: 0, avg60: 0, avg300: 0, total: 0 };
  let pressure: Pressure = { some: none, full: none };
  for (const line of text.split("\n")) {
    const [kind, ...pairs] = line.split(" ");
    const values = new Map(pairs.map((pair): [string, number] => splitPair(pair)));
    const stall: Stall = {
      avg10: values.get("avg10") ?? 0,
      avg60: values.get("avg60") ?? 0,
      avg300: values.get("avg300") ?? 0,
      total: values.get("total") ?? 0,
    };
    if (kind === "some" || kind === "full") pressure = { ...pressure, [kind]: stall };
  }
  return pressure;
}

function splitPair(pair: string): [string, number] {
  const equals = pair.indexOf("=");
  return [pair.slice(0, equals), Number(pair.slice(equals + 1))];
}

/** The sizes of huge pages that the host has, as the files of both versions name them. */
export function hugepageSizes(names: readonly { readonly name: string }[]): string[] {
  const sizes: string[] = [];
  for (const { name } of names) {
    const kib = Number(/^hugepages-(\d+)kB$/.exec(name)?.[1] ?? 0);
    if (kib === 0) continue;
    if (kib >= 1024 * 1024) sizes.push(`${kib / 1024 / 1024}GB`);
    else sizes.push(kib >= 1024 ? `${kib / 1024}MB` : `${kib}KB`);
  }
  return sizes;
}

/** Where the kernel has a folder for each size of huge pages. */
export const HUGEPAGES = "/sys/kernel/mm/hugepages";
