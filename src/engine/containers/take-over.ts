// What a guardian does after the end of its container, where that guardian was killed, or what it had
// become: the next command that looks at the container starts it in the background.

import { isSyscallError } from "../../../ffi/syscall-error.ts";
import { startInBackground } from "../background.ts";
import { runFolder } from "../run-folder.ts";
import { StateStore } from "../state-store.ts";
import { afterCommand } from "./after-guardian.ts";
import { findGuardian } from "./guardian-process.ts";
import type { KeptStatus } from "./kept.ts";
import { isAwaited } from "./live.ts";

/** For a container that has ended, or waits to be started again, and nobody takes care of. */
export function takeOver(id: string, status: KeptStatus): void {
  const store = new StateStore(runFolder(process.env));
  const record = store.readRecord(id);
  if (status.status === "restarting" ? isAwaited(status) : record === undefined) return;
  if (record !== undefined && findGuardian(record, store.containerFolder(id))) return;
  try {
    startInBackground(afterCommand(id));
  } catch (error) {
    if (!isSyscallError(error)) throw error;
  }
}
