// The hooks that run in the finished container, just before its program.

import type { Spec } from "../../oci/spec.ts";
import { runHooks } from "./hooks.ts";
import { entryFlags } from "./namespaces.ts";
import { type OciRecord, stateOf } from "./store.ts";

/** @throws UserError for the first that fails */
export function runStartHooks(spec: Spec, record: OciRecord): void {
  if ((spec.hooks?.startContainer ?? []).length === 0) return;
  const { initPid } = record;
  const namespaces = entryFlags(spec, initPid);
  const inside = { initPid, namespaces, cwd: spec.process?.cwd ?? "/" };
  runHooks("startContainer", spec.hooks, stateOf(record, "created"), inside);
}
