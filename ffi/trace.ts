// `--trace`: each call of the set-up with its result and how long it took. The agent has no clock of
// its own, so a clock_gettime record stands before every call and one at the end of the batch:
//
//   clock · call · clock · call · clock · … · call · clock
//
// The first clock is read when the batch starts, so that no call is charged for the wait before it.

import type { Batch, Channel } from "./agent/channel.ts";
import { TRACE_STRIDE } from "./agent/layout.ts";
import { AddressOf, type Call, Slot, type Step } from "./call.ts";
import { errnoName } from "./errno.ts";
import { formatCall } from "./format-call.ts";

const CLOCK_MONOTONIC = 1;
const TIMESPEC_BYTES = 16;

/** One call that was made. */
export interface TraceEvent {
  /** The control page of the process that made it. */
  readonly page: number;
  readonly why: string;
  readonly call: string;
  /** The kernel's answer: a number, or `-1 ENOENT`; `?` for a call that does not come back. */
  readonly result: string;
  /** Undefined where nothing came after it whose clock could be read. */
  readonly us: number | undefined;
}

interface TracedBatch {
  readonly batch: Batch;
  readonly channel: Channel;
  readonly calls: readonly { readonly why: string; readonly call: Call }[];
  readonly clocks: readonly Slot[];
  page: number;
  /** The calls before this one have been told of. */
  next: number;
}

export class TraceSink {
  readonly #batches: TracedBatch[] = [];

  constructor(private readonly emit: (event: TraceEvent) => void) {}

  /** Writes the calls of `steps` with their clocks. The batch's records are TRACE_STRIDE a call. */
  write(channel: Channel, steps: readonly Step[]): Batch {
    const calls = steps.flatMap(({ why, calls }) => calls.map((call) => ({ why, call })));
    const clocks = [...calls, undefined].map(() => new Slot("clock", TIMESPEC_BYTES));
    const records = calls.flatMap(({ call }, i) => [...readClock(clocks[i]), stretch(call)]);
    const batch = channel.write([...records, ...readClock(clocks.at(-1))]);
    this.#batches.push({ batch, channel, calls, clocks, page: 0, next: 0 });
    return batch;
  }

  /** Tells which page was given a batch. */
  started(page: number, batch: Batch): void {
    const traced = this.#find(batch);
    if (traced !== undefined) traced.page = page;
  }

  /** Tells of the calls that were made before call `end`; the next time it starts at `restart`. */
  report(batch: Batch, end?: number, restart?: number): void {
    const traced = this.#find(batch);
    if (traced === undefined) return;
    const last = end ?? traced.calls.length;
    for (let i = traced.next; i < last; i++) this.#tell(traced, i);
    traced.next = restart ?? last;
  }

  /** Tells of what was made since, in batches that never came to an end: they became a program. */
  reportRest(): void {
    for (const { batch } of this.#batches) this.report(batch);
  }

  #find({ first }: Batch): TracedBatch | undefined {
    return this.#batches.find(({ batch }) => batch.first === first);
  }

  #tell({ batch, channel, calls, clocks, page }: TracedBatch, index: number): void {
    const entry = calls[index];
    const start = readClockUs(channel, clocks[index]);
    if (entry === undefined || start === 0) return;
    const result = channel.result(batch, index * TRACE_STRIDE + 1);
    const end = clocks.slice(index + 1).find((clock) => readClockUs(channel, clock) !== 0);
    const us = end === undefined ? undefined : readClockUs(channel, end) - start;
    const call = formatCall(entry.call, channel);
    this.emit({ page, why: entry.why, call, result: formatResult(result), us });
  }
}

function readClock(clock: Slot | undefined): Call[] {
  if (clock === undefined) return [];
  return [{ name: "clock_gettime", args: [CLOCK_MONOTONIC, new AddressOf(clock)] }];
}

/** What a call skips is twice as long with the clocks in between. */
function stretch(call: Call): Call {
  const { skipAfterError = 0, skipAfterSuccess = 0 } = call;
  return {
    ...call,
    skipAfterError: skipAfterError * TRACE_STRIDE,
    skipAfterSuccess: skipAfterSuccess * TRACE_STRIDE,
  };
}

function formatResult(result: number | undefined): string {
  if (result === undefined) return "?";
  return result < 0 ? `-1 ${errnoName(-result)}` : String(result);
}

/** 0 for a clock that was not read. */
function readClockUs(channel: Channel, clock: Slot | undefined): number {
  if (clock === undefined) return 0;
  const view = channel.slotView(clock);
  return Number(view.getBigInt64(0, true)) * 1e6 + Number(view.getBigInt64(8, true)) / 1e3;
}
