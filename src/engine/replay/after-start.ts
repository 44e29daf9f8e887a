// What a replay needs once its agent is at work. Start-up: one module, so that all of it is loaded in
// that time, on the other processor.

export { processStart } from "../../../ffi/agent/alive.ts";
export { prepareForwarding } from "../../../ffi/forward-signals.ts";
export { pidfd_open } from "../../../ffi/signal.ts";
export { removeCgroups } from "../../../cgroups/remove.ts";
export { destroy, readStatus, reap } from "../../container/end.ts";
export {
  awaitDeputy,
  comesToGate,
  findInit,
  goOn,
  hasCleared,
  hasExecuted,
  letCome,
  leaveAtGate,
  openGate,
  resultsOf,
  startGuarding,
  waitForInit,
} from "../../container/perform-score.ts";
export { stillHolds } from "./holds.ts";
