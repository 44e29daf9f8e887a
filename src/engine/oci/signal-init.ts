// A signal for a container's init process.

import { pidfd_open, pidfd_send_signal } from "../../../ffi/signal.ts";
import { isSyscallError } from "../../../ffi/syscall-error.ts";
import { isAlive, type OciRecord } from "./store.ts";

/** False where it is gone. Race: by a descriptor, which stays that process's. */
export function signalInit(record: OciRecord, signal: number): boolean {
  // Its maker has not come so far.
  if (record.initPid === 0) return false;
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
