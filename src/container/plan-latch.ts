// The gate of a container in the foreground whose launch is written down (score.ts): a word that the init
// process and its maker share. Pure.
//
//   init                                     its maker
//   tells that all is set up  ─────────────▶ lets the agent watch
//   goes on once the word is set ◀────────── sets it, as soon as nothing is in the way
//   becomes the program
//
// Start-up: whoever comes first waits for nobody. The maker is ready before the init process, mostly; at
// a gate that opens only then, each would wait for the other to wake up: 0.2 ms.

import { Slot, type Step } from "../../ffi/call.ts";
import { awaitSlot, getpid, wakeParent } from "../../ffi/calls.ts";
import { EAGAIN } from "../../ffi/errno.ts";

export interface LatchPlan {
  /** Set once all is set up. */
  readonly ready: Slot;
  /** To be set by the maker. */
  readonly open: Slot;
  readonly steps: readonly Step[];
}

/** Between the set-up and the steps to the program. */
export function planLatch(): LatchPlan {
  const ready = new Slot("all is set up");
  const open = new Slot("the gate is open");
  const steps: Step[] = [
    {
      why: "all is set up: tell it",
      calls: [getpid(ready), wakeParent(ready, { tolerate: "any" })],
    },
    {
      why: "wait for the gate, where it is not open yet",
      calls: [awaitSlot(open, { tolerate: [EAGAIN] })],
    },
  ];
  return { ready, open, steps };
}
