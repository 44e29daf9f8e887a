// `kill`: a signal for a container's init process, or for all of its processes.

import { prepareErrno } from "../../../ffi/library.ts";
import { pidfd_open, pidfd_send_signal } from "../../../ffi/signal.ts";
import { isSyscallError } from "../../../ffi/syscall-error.ts";
import { UserError } from "../../errors.ts";
import type { KillOptions, OciGlobals } from "./options.ts";
import { cgroupsOf } from "./cgroups-of.ts";
import { statusOf } from "./status.ts";
import { isAlive, type OciRecord, OciStore } from "./store.ts";

const SIGKILL = 9;

/** @throws UserError where there is no such container, or it does not run */
export async function killContainer(options: KillOptions, globals: OciGlobals): Promise<void> {
  prepareErrno();
  const store = new OciStore(globals.root);
  const record = store.read(options.id);
  const status = await statusOf(record, store.folder(options.id));
  if (options.all) return signalAll(record, options.signal);
  // Nobody else ends what a container in the host's pid namespace has started, be its init gone or
  // not.
  if (record.sharesPids === true && options.signal === SIGKILL && hasProcesses(record)) {
    return signalAll(record, SIGKILL);
  }
  if (status === "stopped") throw notRunning();
  if (!signalInit(record, options.signal)) throw notRunning();
  // Kernel: a frozen process of v1 dies only once it is thawed.
  if (options.signal === SIGKILL && status === "paused") thaw(record);
}

const notRunning = (): UserError => new UserError("container not running", undefined, 1);

function hasProcesses(record: OciRecord): boolean {
  if (record.cgroupsPath === "") return false;
  return cgroupsOf(record).pids(record.cgroupsPath, { recursive: true }).length > 0;
}

function signalAll(record: OciRecord, signal: number): void {
  if (record.cgroupsPath === "") return;
  cgroupsOf(record).kill(record.cgroupsPath, signal);
}

function thaw(record: OciRecord): void {
  cgroupsOf(record).thaw(record.cgroupsPath);
}

/** False where it is gone. Race: by a descriptor, which stays that process's. */
export function signalInit(record: OciRecord, signal: number): boolean {
  try {
    using pidfd = pidfd_open(record.initPid);
    if (!isAlive(record)) return false;
    pidfd_send_signal(pidfd.number, signal);
    return true;
  } catch (error) {
    if (isSyscallError(error, "ESRCH")) return false;
    throw error;
  }
}
