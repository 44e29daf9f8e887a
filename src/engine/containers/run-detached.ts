// `run --detach`, `run` without --rm, and `create`: a container that is kept, and but for the last
// started.

import { writeAll, writeText } from "../../../ffi/files.ts";
import { UserError } from "../../errors.ts";
import { tell } from "../events/tell.ts";
import { listCapabilities, makeCapabilities } from "../capabilities.ts";
import { refuseConflicts } from "../option-conflicts.ts";
import { formatOutOfMemory } from "../out-of-memory.ts";
import type { RunOptions } from "../run-options.ts";
import { runFolder } from "../run-folder.ts";
import { StateStore } from "../state-store.ts";
import { needsStorage } from "../storage/needs-storage.ts";
import { type AttachOptions, joinCaller } from "./attach.ts";
import { keepQuietly, storable, writeIdFile } from "./keep.ts";
import { type KeptContainer, KeptStore } from "./kept.ts";
import { type Launched, launchDetached } from "./launch-detached.ts";
import { LogCursor } from "./log-cursor.ts";
import { removeKept } from "./remove.ts";

/** Prints the id, as docker does. @throws UserError where it cannot be started; then it is gone */
export async function runDetached(options: RunOptions): Promise<number> {
  const kept = new KeptStore();
  const container = keep(options, kept);
  using lock = kept.lock(container.id);
  if (lock === undefined) throw new UserError("the container was removed before it was started");
  using launched = await launchOrRemove(container, options, kept, false);
  writeIdFiles(options, container, launched.record.initPid);
  // Order: who has been told the id finds the container.
  kept.makeLasting(container.id);
  writeAll(1, `${container.id}\n`, "stdout");
  return 0;
}

/**
 * `run` in the foreground, of a container that is kept: it runs as one in the background does, and its
 * caller is joined to it.
 * @returns its exit code; 0 where the caller has left it running
 */
export async function runAttached(options: RunOptions): Promise<number> {
  const kept = new KeptStore();
  const container = keep(options, kept);
  using cursor = new LogCursor(kept.folder(container.id), { kind: "first" }, true);
  using launched = await launchLocked(container, options, kept, cursor);
  writeIdFiles(options, container, launched.record.initPid);
  const joint = { ...launched, cursor, isStdinOurs: true, redraws: false };
  const code = joinCaller(container, kept, joint, attachOptions(options));
  if (code === KILLED && kept.readStatus(container.id).oomKilled) tellOutOfMemory(options);
  return code === "detached" ? 0 : code;
}

/** 128 + SIGKILL */
const KILLED = 137;

function tellOutOfMemory({ resources: { memoryBytes } }: RunOptions): void {
  writeAll(2, formatOutOfMemory(memoryBytes === "unlimited" ? undefined : memoryBytes), "stderr");
}

/** Which streams are joined: all, or those of `--attach`. */
function attachOptions({ attach, sigProxy, detachKeys }: RunOptions): AttachOptions {
  const has = (stream: string): boolean => attach === undefined || attach.includes(stream);
  return {
    stdin: has("stdin"),
    stdout: has("stdout"),
    stderr: has("stderr"),
    ...(sigProxy === undefined ? {} : { sigProxy }),
    ...(detachKeys === undefined ? {} : { detachKeys }),
  };
}

/** The lock is only held until it runs. */
async function launchLocked(
  container: KeptContainer,
  options: RunOptions,
  kept: KeptStore,
  cursor: LogCursor,
): Promise<Launched> {
  using lock = kept.lock(container.id);
  if (lock === undefined) throw new UserError("the container was removed before it was started");
  const launched = await launchOrRemove(container, options, kept, true);
  cursor.begin();
  return launched;
}

async function launchOrRemove(
  container: KeptContainer,
  options: RunOptions,
  kept: KeptStore,
  ownsStdin: boolean,
): Promise<Launched> {
  try {
    return await launchDetached(container, options, kept, { ownsStdin });
  } catch (error) {
    removeKept(container, kept);
    throw error;
  }
}

function writeIdFiles({ cidfile, pidfile }: RunOptions, { id }: KeptContainer, pid: number): void {
  if (cidfile !== undefined) writeIdFile(cidfile, id);
  if (pidfile !== undefined) writeText(pidfile, String(pid));
}

/** `create`: the id of a container that was never started. The image is fetched, if it has one. */
export async function createKept(options: RunOptions): Promise<string> {
  refuseConflicts(options);
  makeCapabilities(options.security, listCapabilities());
  const kept = new KeptStore();
  // Whoever starts it may be joined to it.
  const container = keep({ ...options, detach: false }, kept, true);
  try {
    if (needsStorage(options)) {
      const { findStorage } = await import("../storage/container-storage.ts");
      using storage = await findStorage({ ...options, detach: true }, container.id, false);
      storage.pin();
    }
  } catch (error) {
    removeKept(container, kept);
    throw error;
  }
  if (options.cidfile !== undefined) writeIdFile(options.cidfile, container.id);
  kept.makeLasting(container.id);
  return container.id;
}

/** Makes a container known under its name, or one that is made up. */
function keep(options: RunOptions, kept: KeptStore, isLeft = false): KeptContainer {
  const states = new StateStore(runFolder(process.env));
  const container = keepQuietly(storable(options), kept, states, { isLeft });
  tell("create", container);
  return container;
}
