// The hooks that run in the finished container, just before its program.

import type { Hook, Spec } from "../../oci/spec.ts";
import { completeEnvironment } from "./environment.ts";
import { runHooks } from "./hooks.ts";
import { entryFlags } from "./namespaces.ts";
import { type OciRecord, stateOf } from "./store.ts";

/**
 * A hook that says nothing of its environment has the program's, as with runc.
 * @throws UserError for the first that fails
 */
export function runStartHooks(spec: Spec, record: OciRecord): void {
  const { hooks, process } = spec;
  const own = hooks?.startContainer ?? [];
  if (process === undefined || own.length === 0) return;
  const { initPid, rootfs } = record;
  const namespaces = entryFlags(spec, initPid);
  const inside = { initPid, namespaces, cwd: process.cwd };
  const { env = [] } = completeEnvironment(process, rootfs);
  const startContainer = own.map((hook): Hook => ({ env, ...hook }));
  runHooks("startContainer", { startContainer }, stateOf(record, "created"), inside);
}
