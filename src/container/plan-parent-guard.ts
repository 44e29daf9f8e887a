// What ends a process of ours with the one that made it. Pure.

import { Slot, type Step } from "../../ffi/call.ts";
import { compareSlot, exitGroup, getppid, prctl } from "../../ffi/calls.ts";
import { PR } from "../../ffi/constants.ts";
import { EAGAIN } from "../../ffi/errno.ts";

const SIGKILL = 9;

/**
 * Race: the parent may be killed before the signal is arranged; so whose child we are is looked at
 * afterwards.
 */
export function planParentGuard(parentPid: number): Step {
  const parent = new Slot("parent");
  return {
    why: "end with the process that makes the container, as long as it is not finished",
    calls: [
      prctl(PR.PR_SET_PDEATHSIG, SIGKILL),
      getppid(parent),
      compareSlot(parent, parentPid, { tolerate: [EAGAIN], skipAfterSuccess: 1 }),
      exitGroup(1),
    ],
  };
}
