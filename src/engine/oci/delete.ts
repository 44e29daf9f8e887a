// `delete`: everything of a container is removed: what still runs (with --force, or where it never
// started), its cgroup, its folder; then its poststop hooks are run.

import type { CgroupControl } from "../../../cgroups/manager.ts";
import { prepareErrno } from "../../../ffi/library.ts";
import { ENOENT } from "../../../ffi/errno.ts";
import { tryRemoveDirectory } from "../../../ffi/files.ts";
import { poll, POLL } from "../../../ffi/poll.ts";
import { pidfd_open } from "../../../ffi/signal.ts";
import { isSyscallError } from "../../../ffi/syscall-error.ts";
import { UserError } from "../../errors.ts";
import type { DeleteOptions, OciGlobals } from "./options.ts";
import { signalInit } from "./signal-init.ts";
import { statusOf } from "./status.ts";
import { isAlive, type LockedContainer, type OciRecord, OciStore, stateOf } from "./store.ts";

const SIGKILL = 9;
/** How long the init process may take to die, as runc has it. */
const DEATH_TIMEOUT_MS = 10_000;

/**
 * The verb of these words, which may be performed without us the next time.
 * @throws UserError where there is none (but for `force`), or where it runs
 */
export async function deleteNamed(options: DeleteOptions, globals: OciGlobals): Promise<void> {
  const record = await deleteContainer(options, globals);
  if (record === undefined) return;
  (await import("./publish-verb.ts")).publishVerb("delete", record, globals);
}

/**
 * What was known of it.
 * @throws UserError where there is none (but for `force`), or where it runs
 */
export async function deleteContainer(
  options: DeleteOptions,
  globals: OciGlobals,
): Promise<OciRecord | undefined> {
  prepareErrno();
  const { id, force } = options;
  const store = new OciStore(globals.root);
  using container = force ? store.lockIfThere(id) : store.lock(id);
  if (container === undefined) return undefined;
  const record = container.read();
  if (record === undefined) {
    // Its maker was killed before it had written a word: then there is nothing but the folder.
    container.remove();
    return undefined;
  }
  if (!force) await refuseRunning(record, container);
  await clear(store, container, record, globals);
  return record;
}

async function refuseRunning(record: OciRecord, container: LockedContainer): Promise<void> {
  const { id, folder } = container;
  const status = await statusOf(record, folder);
  // Race: "creating" while we hold the lock means that its maker was killed.
  if (status === "stopped" || status === "created" || status === "creating") return;
  const message = `cannot delete container ${id} that is not stopped: ${status}`;
  throw new UserError(message, "kill it first, or use --force", 1);
}

/** Order: the processes, the cgroup, the folder: whatever is interrupted can be done again. */
async function clear(
  store: OciStore,
  container: LockedContainer,
  record: OciRecord,
  globals: OciGlobals,
): Promise<void> {
  const hooks = record.hasHooks === true ? (await store.readSpec(record.id)).hooks : undefined;
  if (isAlive(record) || !removeEmptyCgroup(record)) {
    // Start-up: once, as it reads the mount table.
    const cgroups = record.cgroupsPath === "" ? undefined : await findCgroups(record);
    endProcesses(record, cgroups);
    if (cgroups !== undefined) clearCgroup(record, cgroups);
  }
  if (record.resctrlGroup !== undefined) tryRemoveDirectory(record.resctrlGroup);
  container.remove();
  if (hooks?.poststop === undefined) return;
  const { runHooks } = await import("./hooks.ts");
  try {
    runHooks("poststop", hooks, stateOf(record, "stopped"));
  } catch (error) {
    // runtime.md, "Lifecycle": a warning, and everything else is done all the same.
    if (!(error instanceof UserError)) throw error;
    globals.warn(error.message);
  }
}

async function findCgroups(record: OciRecord): Promise<CgroupControl> {
  return (await import("./cgroups-of.ts")).cgroupsOf(record);
}

/** The usual end: nobody is in it. False where it is not known, or not all gone. */
function removeEmptyCgroup({ cgroupDirectories }: OciRecord): boolean {
  if (cgroupDirectories === undefined) return false;
  for (const directory of cgroupDirectories) {
    const failure = tryRemoveDirectory(directory);
    if (failure !== 0 && failure !== ENOENT) return false;
  }
  return true;
}

function endProcesses(record: OciRecord, cgroups: CgroupControl | undefined): void {
  if (!isAlive(record)) return;
  signalInit(record, SIGKILL);
  // Kernel: a frozen process of v1 dies only once it is thawed.
  if (cgroups?.isFrozen(record.cgroupsPath) === true) cgroups.thaw(record.cgroupsPath);
  if (!waitForDeath(record)) {
    throw new UserError(`cannot delete container ${record.id}: its init process does not die`);
  }
}

function waitForDeath(record: OciRecord): boolean {
  try {
    using pidfd = pidfd_open(record.initPid);
    if (!isAlive(record)) return true;
    const request = { fd: pidfd.number, events: POLL.POLLIN };
    return poll([request], DEATH_TIMEOUT_MS)[0] !== 0;
  } catch (error) {
    if (isSyscallError(error, "ESRCH")) return true;
    throw error;
  }
}

/** Kernel: with its init, everything in a pid namespace is gone; what shares another's is not. */
function clearCgroup({ cgroupsPath }: OciRecord, cgroups: CgroupControl): void {
  cgroups.kill(cgroupsPath, SIGKILL);
  cgroups.remove(cgroupsPath);
}

/**
 * Deletes every container whose id matches.
 * @param options its id is a regular expression, as crun has it
 * @throws UserError for what is none, and for the first that cannot be deleted
 */
export async function deleteMatching(
  { id, force }: DeleteOptions,
  globals: OciGlobals,
): Promise<void> {
  let pattern: RegExp;
  try {
    pattern = new RegExp(id);
  } catch (cause) {
    throw new UserError(`not a regular expression: "${id}"`, undefined, 1, { cause });
  }
  for (const found of new OciStore(globals.root).list()) {
    if (pattern.test(found)) await deleteContainer({ id: found, force }, globals);
  }
}
