// The end of every detached creation: the init process is brought to the gate, its terminal and its
// pid are handed to whoever asked for them, and the container no longer needs us.

import { dismissAgent, leaveAtGate } from "../../container/launch.ts";
import type { UndoStack } from "../../container/undo-stack.ts";
import { failedCall } from "../../container/enter.ts";
import { programError, refuseUnfound, setUpError } from "./program-error.ts";
import type { MadeContainer } from "./make.ts";
import type { CreateOptions, OciGlobals } from "./options.ts";
import { writePidFile } from "./pid-file.ts";

/**
 * @param undo is kept from undoing once all is well
 * @throws UserError for a program that is not there, or cannot be had
 */
export async function letWait(
  made: MadeContainer,
  options: CreateOptions,
  globals: OciGlobals,
  undo: UndoStack,
): Promise<void> {
  const { created, container, record, bundle } = made;
  const { terminal, plan, initPid } = created;
  const { process } = bundle.spec;
  if (terminal !== undefined) {
    const { prepareTerminal, sendTerminal } = await import("./console.ts");
    prepareTerminal(terminal, process?.consoleSize);
    sendTerminal(terminal, options.consoleSocket ?? "");
  }
  const results = leaveAtGate(created);
  const steps = plan.initExec();
  const failure = failedCall(steps, results);
  if (failure?.error !== undefined) throw setUpError(failure.error);
  if (failure !== undefined) throw programError(process?.args[0] ?? "", failure.errnos);
  refuseUnfound(process?.args[0] ?? "", steps, results);
  if (options.pidfdSocket !== undefined) {
    (await import("./console.ts")).sendPidfd(initPid, options.pidfdSocket);
  }
  if (options.pidFile !== undefined) writePidFile(options.pidFile, initPid);
  container.record({ ...record, status: "created" });
  globals.debug("init: closing the pipe to signal completion: it waits for the start");
  dismissAgent(created);
  undo.keep();
}
