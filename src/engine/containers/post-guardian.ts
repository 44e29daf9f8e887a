// Hands a planned guardian over to the agent that becomes it.

import { AGENT_PAGE, DEPUTY_PAGE, type Performer } from "../../../ffi/agent/performer.ts";
import type { Step } from "../../../ffi/call.ts";
import type { GuardianPlan } from "../../container/plan-guardian.ts";

/** Waits until the guardian needs us no more. @throws PerformerDied */
export function awaitDeputy(performer: Performer, { deputyPid }: GuardianPlan): void {
  performer.awaitSlot(AGENT_PAGE, deputyPid);
}

/**
 * The agent guards from now on, whatever becomes of us. Its deputy finds its own part when it is made.
 * @param last what it does before. @throws SyscallError of what could not be settled
 */
export function postGuardian(
  performer: Performer,
  { settle, guard, start, deputy }: GuardianPlan,
  last: readonly Step[] = [],
): void {
  performer.perform(AGENT_PAGE, [...settle, ...last]);
  const written = performer.write(guard);
  start.offset = written.batch.first;
  performer.post(DEPUTY_PAGE, deputy);
  performer.start(AGENT_PAGE, written);
}
