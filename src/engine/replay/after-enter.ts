// What a replayed exec needs once its agent is at work: as after-start.ts, without what it has no use for.

export { prepareForwarder } from "../../../ffi/forward-signals.ts";
export { destroy, readStatus, reap } from "../../container/end.ts";
export { hasExecuted } from "../../container/perform-score.ts";
