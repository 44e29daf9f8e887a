// `--trace`: each call of the set-up with its result and how long it took. The agent itself has no
// clock; so every call is followed by a clock_gettime record, and the differences are the times.

import type { Batch, Channel } from "./agent/channel.ts";
import { AddressOf, type Call, Slot, type Step } from "./call.ts";
import { errnoName } from "./errno.ts";
import { formatCall } from "./format-call.ts";

const CLOCK_MONOTONIC = 1;

/** One call that was made. */
export interface TraceEvent {
  readonly why: string;
  readonly call: string;
  /** The kernel's answer: a number, or the errno's name. */
  readonly result: string;
  readonly us: number;
}

export class TraceSink {
  #clocks: Slot[] = [];
  #last = 0;

  constructor(private readonly emit: (event: TraceEvent) => void) {}

  /** The calls with a clock reading behind each; skips are stretched accordingly. */
  timed(calls: readonly Call[]): Call[] {
    this.#clocks = [];
    return calls.flatMap((call) => {
      const clock = new Slot("clock", 16);
      this.#clocks.push(clock);
      const stretched = {
        ...call,
        skipAfterError: (call.skipAfterError ?? 0) * 2,
        skipAfterSuccess: (call.skipAfterSuccess ?? 0) * 2,
      };
      return [
        stretched,
        { name: "clock_gettime", args: [CLOCK_MONOTONIC, new AddressOf(clock)] } satisfies Call,
      ];
    });
  }

  /** Emits the events of a batch that has ended. */
  report(steps: readonly Step[], batch: Batch, channel: Channel): void {
    let index = 0;
    for (const step of steps) {
      for (const call of step.calls) {
        const result = channel.result(batch, index * 2);
        const clock = this.#clocks[index];
        index += 1;
        if (result === undefined || clock === undefined) continue;
        const now = readClockUs(channel, clock);
        const us = this.#last === 0 || now === 0 ? 0 : now - this.#last;
        if (now !== 0) this.#last = now;
        this.emit({
          why: step.why,
          call: formatCall(call, channel),
          result: result < 0 ? `-1 ${errnoName(-result)}` : String(result),
          us: Math.max(0, Math.round(us * 10) / 10),
        });
      }
    }
  }
}

function readClockUs(channel: Channel, clock: Slot): number {
  const view = channel.slotView(clock);
  return Number(view.getBigInt64(0, true)) * 1e6 + Number(view.getBigInt64(8, true)) / 1e3;
}
