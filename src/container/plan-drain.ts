// Reading from a terminal that nobody looks at any more, so that its programs are not kept waiting and
// get no hang-up: an agent's last batch. Pure.

import { AddressOf, Slot, type Step } from "../../ffi/call.ts";
import { close, compareSlot, dup3, exitGroup, openat, prctl } from "../../ffi/calls.ts";
import { AT_FDCWD, O, PR, W } from "../../ffi/constants.ts";
import { EAGAIN } from "../../ffi/errno.ts";
import { linkLines } from "./lines.ts";

const POLLIN = 1;
const SIGSET_BYTES = 8;
const BUFFER_BYTES = 4096;
/** Where the master is put: what is above is closed. */
const MASTER = 3;
const P_ALL = 0;

/**
 * Until no program has it open, and the agent's child has ended, if it has one.
 * @param master a descriptor of the agent
 */
export function planDrain(master: number | Slot): Step {
  const pollfd = new Slot("pollfd", 8, new Uint8Array(Int32Array.of(MASTER, POLLIN).buffer));
  const buffer = new Slot("unseen output", BUFFER_BYTES);
  const outcome = new Slot("outcome");
  const nothing = new Slot("/dev/null");
  const calls = linkLines([
    { call: prctl(PR.PR_SET_PDEATHSIG, 0) },
    { call: dup3(master, MASTER, O.O_CLOEXEC) },
    // Order: before it is waited for that nobody has it open: the agent has the terminal's other end.
    { call: { name: "close_range", args: [MASTER + 1, 0xffff_ffff, 0] } },
    { call: openat(AT_FDCWD, "/dev/null", O.O_RDWR, { into: nothing }) },
    { call: dup3(nothing, 0, 0) },
    { call: dup3(nothing, 1, 0) },
    { call: dup3(nothing, 2, 0) },
    { call: close(nothing) },
    {
      label: "poll",
      call: { name: "ppoll", args: [new AddressOf(pollfd), 1, null, null, SIGSET_BYTES] },
    },
    {
      call: { name: "read", args: [MASTER, new AddressOf(buffer), BUFFER_BYTES], into: outcome },
      then: "poll",
      otherwise: "failed",
    },
    {
      label: "failed",
      call: compareSlot(outcome, -EAGAIN),
      then: "poll",
      otherwise: "end",
    },
    { label: "end", call: { name: "waitid", args: [P_ALL, 0, null, W.WEXITED, null] } },
    { call: exitGroup(0) },
  ]);
  return { why: "read what nobody looks at", calls };
}
