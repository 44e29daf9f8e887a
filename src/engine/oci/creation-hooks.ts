// The three kinds of hooks that run while a container is being made: everything is mounted, and the
// host's tree is still in reach.

import type { Spec } from "../../oci/spec.ts";
import { runHooks } from "./hooks.ts";
import { entryFlags } from "./namespaces.ts";
import { type OciRecord, stateOf } from "./store.ts";

/** @throws UserError for the first that fails */
export function runCreationHooks(spec: Spec, record: OciRecord): void {
  const { hooks } = spec;
  const state = stateOf(record, "creating");
  runHooks("prestart", hooks, state);
  runHooks("createRuntime", hooks, state);
  if ((hooks?.createContainer ?? []).length === 0) return;
  const { initPid, rootfs } = record;
  const namespaces = entryFlags(spec, initPid);
  // Where runc starts them, so that they find the rootfs, which is not `/` yet.
  runHooks("createContainer", hooks, state, { initPid, namespaces, cwd: rootfs });
}
