// The hooks that run in the finished container, just before its program.

import type { Hook, Spec } from "../../oci/spec.ts";
import { completeEnvironment } from "./environment.ts";
import { type Inside, runHooks } from "./hooks.ts";
import { entryFlags } from "./namespaces.ts";
import { type OciRecord, stateOf } from "./store.ts";

/**
 * A hook that says nothing of its environment has the program's, as with runc.
 * @throws UserError for the first that fails
 */
export async function runStartHooks(spec: Spec, record: OciRecord): Promise<void> {
  const { hooks, process } = spec;
  const own = hooks?.startContainer ?? [];
  if (process === undefined || own.length === 0) return;
  const { initPid, rootfs } = record;
  const namespaces = entryFlags(spec, initPid);
  const inside = { initPid, namespaces, cwd: process.cwd, ...(await findFilter(spec)) };
  const { env = [] } = completeEnvironment(process, rootfs);
  const startContainer = own.map((hook): Hook => ({ env, ...hook }));
  runHooks("startContainer", { startContainer }, stateOf(record, "created"), inside);
}

/** The container's filter holds for them, but for one that asks somebody: that is the program's. */
async function findFilter(spec: Spec): Promise<Pick<Inside, "seccomp">> {
  if (spec.linux?.seccomp === undefined) return {};
  const { compileSpecSeccomp } = await import("./seccomp.ts");
  const seccomp = compileSpecSeccomp(spec);
  return seccomp === undefined || seccomp.listenerSlot !== undefined ? {} : { seccomp };
}
