// Ending a container: stop, kill, and what rm --force does. Its guardian writes the end down; where
// that was killed, we do.

import { detectControl } from "../../../cgroups/detect-control.ts";
import { pidfd_send_signal, signalNumber } from "../../../ffi/signal.ts";
import { isSyscallError } from "../../../ffi/syscall-error.ts";
import { UserError } from "../../errors.ts";
import { tell } from "../events/tell.ts";
import { notRunning } from "../no-such.ts";
import { findKept } from "./find.ts";
import { finish } from "./finish.ts";
import { type KeptContainer, type KeptStatus, KeptStore } from "./kept.ts";
import { openGuardian } from "./guardian-process.ts";
import { lookAfter } from "./live.ts";
import { findRecord, stateFolder } from "./running-record.ts";
import { openProcess, waitForEnd } from "./wait-for.ts";

const SIGKILL = 9;
const SIGTERM = 15;
const STOP_TIMEOUT_S = 10;
/** How long the guardian's successor may take to clear up. */
const CLEARING_TIMEOUT_MS = 10_000;

export interface StopOptions {
  /** Seconds before it is killed; -1: never. The container's own, or 10, unless said. */
  readonly timeoutS?: number;
  readonly signal?: string;
}

/** Ends a container as it wishes to be ended, or by force. One that does not run is left. */
export async function stopContainer(text: string, options: StopOptions = {}): Promise<void> {
  const kept = new KeptStore();
  const container = findKept(text, kept);
  const signal = options.signal ?? container.options.stopSignal;
  const number = signal === undefined ? SIGTERM : parseSignal(signal);
  const timeoutS = options.timeoutS ?? container.options.stopTimeoutS ?? STOP_TIMEOUT_S;
  const timeoutMs = timeoutS < 0 ? -1 : timeoutS * 1000;
  const wasRunning = await endWith(container, kept, number, timeoutMs);
  if (wasRunning) tell("stop", container);
}

function parseSignal(text: string): number {
  const number = signalNumber(text);
  if (number !== undefined) return number;
  throw new UserError(`invalid signal: ${text}`, undefined, 1);
}

/**
 * Sends the signal, waits, kills, and waits until the end is written down.
 * @returns whether it ran
 */
export async function endWith(
  container: KeptContainer,
  kept: KeptStore,
  signal: number,
  timeoutMs: number,
): Promise<boolean> {
  markStopped(container, kept);
  const record = findRecord(container.id);
  if (record !== undefined) {
    using init = openProcess(record.initPid, record.initStart);
    if (init !== undefined) {
      tell("kill", container, { signal: String(signal) });
      send(init.number, signal);
      thaw(record.cgroupsPath);
      if (!waitForEnd(init, timeoutMs)) {
        tell("kill", container, { signal: String(SIGKILL) });
        send(init.number, SIGKILL);
        thaw(record.cgroupsPath);
        waitForEnd(init, -1);
      }
    }
  }
  await settleEnd(container, kept);
  return record !== undefined;
}

/**
 * What its guardian's successor would do, at once: that is bunker anew, and takes as long to start as all
 * of this. Race: whoever has the lock first does it; the other one finds it done, or is ended.
 */
async function settleEnd(container: KeptContainer, kept: KeptStore): Promise<void> {
  using lock = kept.lock(container.id);
  if (lock === undefined) return;
  const { status } = await finish(container, kept);
  if (!container.options.remove || status !== "exited") return;
  (await import("./remove.ts")).removeKept(container, kept);
}

/** Order: before the signal, so that no restart policy starts it again. */
function markStopped(container: KeptContainer, kept: KeptStore): void {
  using lock = kept.lock(container.id);
  if (lock === undefined) return;
  const status = kept.readStatus(container.id);
  const isWaiting = status.status === "restarting";
  kept.writeStatus(container.id, {
    ...status,
    isStopped: true,
    ...(isWaiting ? { status: "exited" } : {}),
  });
}

function send(pidfd: number, signal: number): void {
  try {
    pidfd_send_signal(pidfd, signal);
  } catch (error) {
    if (!isSyscallError(error, "ESRCH")) throw error;
  }
}

/** Kernel: what is frozen dies only once it is thawed; and docker lets a paused one see its signal. */
function thaw(cgroupsPath: string): void {
  const cgroups = detectControl();
  if (cgroups.isFrozen(cgroupsPath)) cgroups.thaw(cgroupsPath);
}

/** Sends one signal. @throws UserError where it does not run */
export async function killContainer(text: string, signal: string): Promise<void> {
  const kept = new KeptStore();
  const container = findKept(text, kept);
  const { record } = await lookAfter(container, kept);
  if (record === undefined) {
    const message = `cannot kill container: ${text}: Container ${container.id} is not running`;
    throw notRunning(message, text);
  }
  const number = parseSignal(signal);
  if (number === SIGKILL) {
    await endWith(container, kept, SIGKILL, -1);
    return;
  }
  tell("kill", container, { signal: String(number) });
  using init = openProcess(record.initPid, record.initStart);
  if (init !== undefined) send(init.number, number);
}

/** Waits for the end of a container. Returns its exit code. Blocks. */
export async function waitForContainer(text: string): Promise<number> {
  const kept = new KeptStore();
  const container = findKept(text, kept);
  for (;;) {
    const status = await readEnded(container, kept);
    if (status !== undefined) return status.exitCode;
    const record = findRecord(container.id);
    using guardian =
      record === undefined ? undefined : openGuardian(record, stateFolder(record.id));
    using init = record === undefined ? undefined : openProcess(record.initPid, record.initStart);
    waitForEnd(init, -1);
    waitForEnd(guardian, CLEARING_TIMEOUT_MS);
  }
}

/** The status of a container that does not run; one that ends right now is finished first. */
async function readEnded(
  container: KeptContainer,
  kept: KeptStore,
): Promise<KeptStatus | undefined> {
  if (findRecord(container.id) !== undefined) return undefined;
  using lock = kept.lock(container.id);
  // Removed meanwhile, by --rm: then this is all that is known.
  if (lock === undefined) return { ...kept.readStatus(container.id), status: "exited" };
  const status = await finish(container, kept);
  return status.status === "running" ? undefined : status;
}
