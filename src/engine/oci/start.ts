// `start`: the gate of a created container is opened.

import { readVariable } from "../../../ffi/environment.ts";
import { prepareErrno } from "../../../ffi/library.ts";
import { UserError } from "../../errors.ts";
import type { Spec } from "../../oci/spec.ts";
import { passGate } from "./gate.ts";
import type { OciGlobals } from "./options.ts";
import { statusOf } from "./status.ts";
import { type LockedContainer, type OciRecord, OciStore, stateOf } from "./store.ts";

/** @throws UserError for a container that does not wait */
export async function startContainer(id: string, globals: OciGlobals): Promise<void> {
  prepareErrno();
  const store = new OciStore(globals.root);
  using container = store.lock(id);
  const record = container.read();
  if (record === undefined) throw notCreated("creating");
  const status = await statusOf(record, container.folder);
  if (status !== "created") throw notCreated(status);
  const waitForReadiness = await expectReadiness(container.folder);
  if (record.hasHooks === true) await startWithHooks(container, record, await store.readSpec(id));
  else pass(container);
  container[Symbol.dispose]();
  waitForReadiness?.(record.initPid);
  (await import("./publish-verb.ts")).publishVerb("start", record, globals);
}

/**
 * Where the caller waits for the program to be ready: what waits for it, once the program was started.
 * @param folder of the container's state
 */
export async function expectReadiness(
  folder: string,
): Promise<((pid: number) => void) | undefined> {
  if (readVariable("NOTIFY_SOCKET") === undefined) return undefined;
  const { callersSocket, openNotify, passReadiness } = await import("./notify-socket.ts");
  const path = callersSocket();
  const inside = path === undefined ? undefined : openNotify(folder);
  if (path === undefined || inside === undefined) return undefined;
  return (pid) => passReadiness(inside, path, pid);
}

function notCreated(status: string): UserError {
  const message =
    status === "stopped"
      ? "cannot start a container that has stopped"
      : status === "creating"
        ? "cannot start a container that is still being created"
        : "cannot start an already running container";
  return new UserError(message, undefined, 1);
}

function pass(container: LockedContainer): void {
  if (!passGate(container.folder)) throw notCreated("stopped");
}

/** runtime.md, "Lifecycle": startContainer hooks before the program, poststart hooks after. */
export async function startWithHooks(
  container: LockedContainer,
  record: OciRecord,
  spec: Spec,
): Promise<void> {
  const { runStartHooks } = await import("./start-hooks.ts");
  await runStartHooks(spec, record);
  pass(container);
  const { runHooks } = await import("./hooks.ts");
  runHooks("poststart", spec.hooks, stateOf(record, "running"));
}
