// Performs what an assisted container needs besides its plan: see plan-assisted.ts for the picture.
// Loaded only for such containers.

import { AGENT_PAGE, HOLDER_PAGE, INIT_PAGE, type Performer } from "../../ffi/agent/performer.ts";
import type { Step } from "../../ffi/call.ts";
import { getegid, geteuid } from "../../ffi/identity.ts";
import type { IdMapping, Linux, Spec } from "../oci/spec.ts";
import {
  type AssistedPlan,
  planBecomeNamespaceRoot,
  planEnd,
  planEnterMounts,
  planHold,
  planTakeNamespace,
  shareStep,
} from "./plan-assisted.ts";
import type { IdMap } from "./plan-bundle-mounts.ts";
import { writeIdMap } from "./write-id-map.ts";

/** After the agent's first batch, where it has not made the init process itself. */
export function makeInit({ between }: AssistedPlan, performer: Performer): void {
  if (between === undefined) return;
  performer.setPid(HOLDER_PAGE, performer.value(between.pid));
  performer.perform(HOLDER_PAGE, between.steps);
  performer.setPid(HOLDER_PAGE, 0);
  performer.perform(AGENT_PAGE, [planEnd(between.pid)]);
}

/** From an init process that has just been born to one whose parts can be performed. */
export function prepareInit(plan: AssistedPlan, { linux = {} }: Spec, performer: Performer): void {
  const initPid = performer.pid(INIT_PAGE);
  if (plan.user === "new") writeMaps(initPid, linux);
  if (plan.user !== "none") {
    performer.perform(INIT_PAGE, [planBecomeNamespaceRoot()]);
    performer.perform(AGENT_PAGE, [planEnterMounts(initPid)]);
  }
}

/** Without mappings the caller's own user and group are root inside, and there is nobody else. */
function writeMaps(pid: number, { uidMappings = [], gidMappings = [] }: Linux): void {
  const only = (hostID: number): IdMapping[] => [{ containerID: 0, hostID, size: 1 }];
  writeIdMap(pid, "uid", uidMappings.length > 0 ? uidMappings : only(geteuid()));
  writeIdMap(pid, "gid", gidMappings.length > 0 ? gidMappings : only(getegid()));
}

/** Performs the parts of the set-up, step by step where the agent has to help. */
export function performPart(plan: AssistedPlan, part: readonly Step[], performer: Performer): void {
  for (const idMap of plan.idMaps) makeNamespace(idMap, plan, performer);
  let pending: Step[] = [];
  const flush = (): void => {
    if (pending.length > 0) performer.perform(INIT_PAGE, pending);
    pending = [];
  };
  for (const step of part) {
    const { agent, init } = plan.user === "none" ? { agent: [], init: step } : shareStep(step);
    if (agent.length > 0) {
      // Order: what the init process has mounted so far may be what is opened now.
      flush();
      performer.perform(AGENT_PAGE, [{ ...step, calls: agent }]);
    }
    pending.push(init);
    if (step.afterwards === undefined) continue;
    flush();
    step.afterwards(performer.performing(INIT_PAGE));
  }
  flush();
}

const made = new WeakSet<IdMap>();

function makeNamespace(idMap: IdMap, plan: AssistedPlan, performer: Performer): void {
  if (made.has(idMap)) return;
  made.add(idMap);
  const { mappings } = idMap;
  if (mappings === undefined) {
    const path = `/proc/${performer.pid(INIT_PAGE)}/ns/user`;
    performer.perform(AGENT_PAGE, [planTakeNamespace(idMap, path)]);
    return;
  }
  // Race: there before the holder is, which else would stay if we and the agent were killed now.
  performer.post(HOLDER_PAGE, plan.guard);
  performer.perform(AGENT_PAGE, [planHold(plan.holder)]);
  const holderPid = performer.value(plan.holder);
  performer.setPid(HOLDER_PAGE, holderPid);
  performer.finish(HOLDER_PAGE);
  writeIdMap(holderPid, "uid", mappings.uids);
  writeIdMap(holderPid, "gid", mappings.gids);
  const path = `/proc/${holderPid}/ns/user`;
  performer.perform(AGENT_PAGE, [planTakeNamespace(idMap, path), planEnd(plan.holder)]);
}
