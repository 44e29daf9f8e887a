// What `create` and `run` share: a bundle becomes a container whose init process waits for the parent
// (run in the foreground) or at the gate (create, run --detach). Whatever fails, nothing is left.

import type { CgroupJoin, CgroupManager } from "../../../cgroups/manager.ts";
import { applySteps } from "../../../cgroups/steps.ts";
import { processStart } from "../../../ffi/agent/alive.ts";
import { PerformerDied } from "../../../ffi/agent/performer.ts";
import { makeDirectoryTree, tryRemoveDirectory, writeText } from "../../../ffi/files.ts";
import { geteuid } from "../../../ffi/identity.ts";
import { isSyscallError } from "../../../ffi/syscall-error.ts";
import {
  type Created,
  createContainer,
  destroy,
  type LaunchOptions,
} from "../../container/launch.ts";
import { planContainer } from "../../container/plan.ts";
import type { UndoStack } from "../../container/undo-stack.ts";
import { UserError } from "../../errors.ts";
import type { Spec } from "../../oci/spec.ts";
import { type Bundle, readBundle } from "./bundle.ts";
import { checkId } from "./id.ts";
import { checkOccupied } from "./occupied.ts";
import { makeGate } from "./make-gate.ts";
import type { CreateOptions, OciGlobals } from "./options.ts";
import { type PreparedBundle, prepareBundle } from "./prepare.ts";
import { setUpError } from "./program-error.ts";
import { formatNow, type LockedContainer, OciStore, type OciRecord, stateOf } from "./store.ts";

export interface MadeContainer {
  readonly bundle: Bundle;
  readonly prepared: PreparedBundle;
  readonly created: Created;
  readonly container: LockedContainer;
  readonly record: OciRecord;
}

const SIGKILL = 9;

/**
 * @param waits whether it is to be started later: at the gate
 * @param undo gets what takes everything back
 */
export async function makeContainer(
  options: CreateOptions,
  globals: OciGlobals,
  waits: boolean,
  undo: UndoStack,
): Promise<MadeContainer> {
  checkId(options.id);
  const bundle = readBundle(options.bundle, options.config);
  checkConsole(bundle, options, waits, globals);
  const container = new OciStore(globals.root).reserve(options.id);
  undo.push(() => container[Symbol.dispose]());
  undo.push(() => container.remove());
  using gate = waits ? makeGate(container.folder) : undefined;
  const prepared = await prepareBundle(bundle, options, globals, container.folder, gate?.number);
  for (const line of prepared.cgroups.ignored(bundle.spec.linux?.resources ?? {})) {
    globals.warn(line);
  }
  for (const line of prepared.features?.warnings ?? []) globals.warn(line);
  const { user, terminal } = bundle.spec.process ?? {};
  if (user !== undefined && user.uid !== 0 && terminal !== true) {
    (await import("./give-stdio.ts")).giveStdio(user.uid, bundle.spec.linux ?? {}, waits);
  }
  let record = recordOf(options, bundle, prepared);
  container.record(record);
  checkOccupied(prepared);
  const keepRecord = (initPid: number): void => {
    record = { ...record, initPid, initStart: processStart(initPid) };
    container.record(record);
  };
  const created = await launch(
    bundle,
    prepared,
    globals,
    () => record,
    keepRecord,
    container,
    undo,
  );
  return { bundle, prepared, created, container, record };
}

/** In runc's words, which its callers know. */
function checkConsole(
  { spec }: Bundle,
  options: CreateOptions,
  waits: boolean,
  { name }: OciGlobals,
): void {
  const terminal = spec.process?.terminal === true;
  const socket = options.consoleSocket ?? "";
  if (terminal && waits && socket === "") {
    const message = `cannot allocate tty if ${name} will detach without setting console socket`;
    throw new UserError(message, undefined, 1);
  }
  if (socket !== "" && !(terminal && waits)) {
    const message = `cannot use console socket if ${name} will not detach or allocate tty`;
    throw new UserError(message, undefined, 1);
  }
}

export function recordOf(
  { id }: CreateOptions,
  { folder, rootfs, spec }: Bundle,
  { cgroups, cgroupsPath, ownCgroups, features }: PreparedBundle,
): OciRecord {
  const sharesPids = !hasOwnPids(spec);
  return {
    id,
    ociVersion: spec.ociVersion,
    status: "creating",
    bundle: folder,
    rootfs,
    created: formatNow(),
    cgroupsPath,
    initPid: 0,
    initStart: "",
    ownerUid: geteuid(),
    ...(spec.annotations === undefined ? {} : { annotations: spec.annotations }),
    ...(ownCgroups === undefined ? {} : { ownCgroups }),
    ...(sharesPids ? { sharesPids } : { cgroupDirectories: directoriesOf(cgroups, cgroupsPath) }),
    ...(hasLaterHooks(spec) ? { hasHooks: true } : {}),
    ...(features?.resctrlGroup === undefined ? {} : { resctrlGroup: features.resctrlGroup }),
  };
}

function directoriesOf(cgroups: CgroupManager, cgroupsPath: string): string[] {
  const directories: string[] = [];
  for (const file of cgroups.procsFiles(cgroupsPath)) {
    directories.push(file.slice(0, file.lastIndexOf("/")));
  }
  return directories;
}

/** The others have been run by the time there is a container to be started. */
const hasLaterHooks = ({ hooks: { startContainer, poststart, poststop } = {} }: Spec): boolean =>
  (startContainer ?? poststart ?? poststop) !== undefined;

function hasOwnPids({ linux }: Spec): boolean {
  for (const { type, path = "" } of linux?.namespaces ?? []) {
    if (type === "pid" && path === "") return true;
  }
  return false;
}

async function launch(
  bundle: Bundle,
  prepared: PreparedBundle,
  globals: OciGlobals,
  record: () => OciRecord,
  keepRecord: (initPid: number) => void,
  container: LockedContainer,
  undo: UndoStack,
): Promise<Created> {
  const { spec, request, cgroups, cgroupsPath, features } = prepared;
  const plan = planContainer(request);
  makeBirthplace(request.cgroupJoin);
  undo.push(() => {
    cgroups.kill(cgroupsPath, SIGKILL);
    cgroups.remove(cgroupsPath);
    if (features?.resctrlGroup !== undefined) tryRemoveDirectory(features.resctrlGroup);
  });
  const agent = prepared.listens ? await findSeccompAgent(spec) : undefined;
  const listener = request.seccomp?.listenerSlot;
  const hooks = spec.hooks === undefined ? undefined : await import("./creation-hooks.ts");
  const options: LaunchOptions = {
    performer: "agent",
    cgroupFirst: cgroups.join(cgroupsPath).how === "clone-into",
    meanwhile: () => {
      container.writeSpec(bundle.text);
      limit(prepared, globals);
    },
    onInit: (initPid) => {
      keepRecord(initPid);
      features?.onInit?.(initPid);
    },
    ...features?.launch,
    ...(agent === undefined || listener === undefined
      ? {}
      : {
          onFilter: (performer) => {
            agent.hand(performer, listener, stateOf(record(), "creating"));
            agent.settle(performer, listener);
          },
        }),
    inherit: request.gate === undefined ? [] : [request.gate.fd],
    ...(request.cgroupJoin.how === "none"
      ? { joinFromOutside: (pid) => moveInto(cgroups.procsFiles(cgroupsPath), pid) }
      : {}),
    ...(hooks === undefined ? {} : { beforePivot: () => hooks.runCreationHooks(spec, record()) }),
  };
  try {
    // In runc's words, here and below, which its tests look for.
    globals.debug("nsexec container setup: the agent makes the namespaces and the init process");
    const created = createContainer(spec, plan, options);
    globals.debug(`child process in init(): set up as pid ${created.initPid}`);
    undo.push(() => {
      if (!created.hasEnded) destroy(created.performer);
    });
    return created;
  } catch (error) {
    throw explain(error, prepared);
  }
}

async function findSeccompAgent(spec: Spec) {
  const { SeccompAgent } = await import("./seccomp-notify.ts");
  return new SeccompAgent(spec);
}

/** Order: the others are made while the agent makes the namespaces; this one it needs. */
function makeBirthplace(join: CgroupJoin): void {
  if (join.how === "self" && join.bornIn !== undefined) makeDirectoryTree(join.bornIn, 0o755);
}

/** What the init process met is told as such: callers look for it. */
function explain(error: unknown, { cgroups, cgroupsPath }: PreparedBundle): unknown {
  if (isSyscallError(error)) return setUpError(error);
  if (!(error instanceof PerformerDied)) return error;
  // Nobody else ends it, so early.
  const isOutOfMemory = cgroups.oomKills(cgroupsPath) > 0;
  const why = isOutOfMemory ? "OOM-killed (memory limit too low?)" : "killed";
  return new UserError(
    `unable to start container process: container init was ${why}`,
    undefined,
    1,
  );
}

function limit({ cgroupSteps }: PreparedBundle, { warn }: OciGlobals): void {
  try {
    for (const step of applySteps(cgroupSteps())) {
      if (step.op === "write" && step.warning !== undefined) warn(step.warning);
    }
  } catch (error) {
    const message = "unable to start container process: unable to apply cgroup configuration";
    throw new UserError(message, undefined, 1, { cause: error });
  }
}

function moveInto(procsFiles: readonly string[], pid: number): void {
  for (const file of procsFiles) writeText(file, String(pid), { existing: true });
}
