// What a replayed run in the background needs once its agent is at work: see after-start.ts.

import { poll } from "../../../ffi/poll.ts";
import { openGate, passOpenGate } from "../oci/gate.ts";

export { EXIT_FILE } from "../containers/exit-file.ts";
export { writeIdFile } from "../containers/keep.ts";
export { tellAgain } from "../events/tell-again.ts";

const PROGRAM_TIMEOUT_MS = 10_000;

/**
 * Waits until the program has begun: then nobody reads the fifo any more. pipe(7), poll(2): POLLERR
 * @param meanwhile what takes its time. Returns false where nobody is at the gate
 */
export function passGate(folder: string, meanwhile: () => void): boolean {
  using gate = openGate(folder);
  if (gate === undefined) return false;
  passOpenGate(gate, folder);
  meanwhile();
  poll([{ fd: gate.number, events: 0 }], PROGRAM_TIMEOUT_MS);
  return true;
}
