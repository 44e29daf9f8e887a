// `run` of a bundle that is planned here and now.

import { errnoMessage } from "../../../ffi/errno.ts";
import { writeAll } from "../../../ffi/files.ts";
import { failedCall } from "../../container/enter.ts";
import { type Created, type ExitStatus, reap, startContainer } from "../../container/launch.ts";
import { UndoStack } from "../../container/undo-stack.ts";
import { passSignalsOn } from "../watch.ts";
import type { Bundle } from "./bundle.ts";
import { type MadeContainer, makeContainer } from "./make.ts";
import type { OciGlobals, RunOptions } from "./options.ts";
import { writePidFile } from "./pid-file.ts";
import { isExecutable, programError, setUpError } from "./program-error.ts";
import { stateOf } from "./store.ts";

/** The exit code of runc's init process. */
const EXEC_REFUSED = 255;

/**
 * @returns the program's exit code, 128 + the signal that killed it; 0 with --detach
 * @throws UserError, SyscallError: then nothing is left of it
 */
export async function runAnew(options: RunOptions, globals: OciGlobals): Promise<number> {
  using undo = new UndoStack();
  const made = await makeContainer(options, globals, options.detach, undo);
  // Order: awaited here, as what is left is cleared at the end of this scope.
  if (options.detach) return await runDetached(made, options, globals, undo);
  return await runInForeground(made, options, globals, undo);
}

async function runDetached(
  made: MadeContainer,
  options: RunOptions,
  globals: OciGlobals,
  undo: UndoStack,
): Promise<number> {
  const { container, record, bundle } = made;
  await (await import("./let-wait.ts")).letWait(made, options, globals, undo);
  const waitForReadiness = await findReadiness(container.folder);
  if (record.hasHooks === true) {
    const { startWithHooks } = await import("./start.ts");
    await startWithHooks(container, { ...record, status: "created" }, bundle.spec);
  } else {
    (await import("./gate.ts")).passGate(container.folder);
  }
  container[Symbol.dispose]();
  waitForReadiness?.(made.created.initPid);
  return 0;
}

async function runInForeground(
  made: MadeContainer,
  options: RunOptions,
  globals: OciGlobals,
  undo: UndoStack,
): Promise<number> {
  const { created, container, record, bundle } = made;
  const { hooks } = bundle.spec;
  if (hooks !== undefined) {
    await (await import("./start-hooks.ts")).runStartHooks(bundle.spec, record);
  }
  if (options.pidFile !== undefined) writePidFile(options.pidFile, created.initPid);
  if (options.pidfdSocket !== undefined) {
    (await import("./console.ts")).sendPidfd(created.initPid, options.pidfdSocket);
  }
  globals.debug("init: closing the pipe to signal completion: the program is next");
  passSignalsOn(created);
  using terminal = await joinTerminal(created);
  const waitForReadiness = await findReadiness(container.folder);
  const watch = startContainer(created);
  container.record({ ...record, status: "created" });
  // Order: from here on others may ask for it, and kill it.
  container.unlock();
  if (hooks?.poststart !== undefined) {
    (await import("./hooks.ts")).runHooks("poststart", hooks, stateOf(record, "running"));
  }
  // With a terminal there is somebody to type, and no service.
  if (terminal === undefined) waitForReadiness?.(created.initPid);
  terminal?.pump(created.agentPid);
  reap(created.agentPid);
  created.hasEnded = true;
  const code = exitCodeOf(made, watch.status());
  // Race: somebody may have deleted it by now, and made another of the same name.
  if (options.keep || !container.lockAgain()) undo.keep();
  undo[Symbol.dispose]();
  if (hooks?.poststop !== undefined) await stopHooks(made, globals);
  return code;
}

async function findReadiness(folder: string) {
  if (process.env["NOTIFY_SOCKET"] === undefined) return undefined;
  return (await import("./start.ts")).expectReadiness(folder);
}

async function joinTerminal({ terminal }: Created) {
  if (terminal === undefined) return undefined;
  return (await import("../terminal.ts")).joinTerminal(terminal, {
    interactive: true,
    callersNewlines: true,
  });
}

/** @throws UserError where the program could not be executed */
function exitCodeOf({ created, bundle }: MadeContainer, { kind, value }: ExitStatus): number {
  const { performer, plan } = created;
  const failure = failedCall(plan.initExec(), performer.results(1));
  if (failure?.error !== undefined) throw setUpError(failure.error);
  if (failure !== undefined) return tellUnexecuted(bundle, failure.errnos);
  return kind === "exited" ? value : 128 + value;
}

/**
 * A program that is there, and that the kernel will not execute, is told of without ceremony: with
 * runc it is the container's own word, and its exit code.
 * @throws UserError where the program is not there, or nobody may execute it
 */
function tellUnexecuted({ spec, rootfs }: Bundle, errnos: readonly number[]): number {
  const command = spec.process?.args[0] ?? "";
  const [errno = 0] = errnos;
  if (errnos.length > 1 || !isExecutable(rootfs, command)) throw programError(command, errnos);
  writeAll(2, `exec ${command}: ${errnoMessage(errno)}\n`, "stderr");
  return EXEC_REFUSED;
}

async function stopHooks({ bundle, record }: MadeContainer, { warn }: OciGlobals): Promise<void> {
  const { runHooks } = await import("./hooks.ts");
  try {
    runHooks("poststop", bundle.spec.hooks, stateOf(record, "stopped"));
  } catch (error) {
    if (!(error instanceof Error)) throw error;
    warn(error.message);
  }
}
