// Starts a kept container in the background: its program runs and its guardian watches it when this
// returns, and no process of ours has to stay.

import { AGENT_PAGE, INIT_PAGE } from "../../../ffi/agent/performer.ts";
import { Slot, type Step } from "../../../ffi/call.ts";
import { close } from "../../../ffi/calls.ts";
import { O } from "../../../ffi/constants.ts";
import { F, fcntl, open } from "../../../ffi/fcntl.ts";
import type { Fd } from "../../../ffi/fd.ts";
import { removeFile } from "../../../ffi/files.ts";
import { poll } from "../../../ffi/poll.ts";
import { setWindowSize } from "../../../ffi/termios.ts";
import { failedCall } from "../../container/enter.ts";
import { type Created, leaveAtGate, type Results } from "../../container/launch.ts";
import { planGate } from "../../container/plan-gate.ts";
import { type GuardianRequest, planGuardian } from "../../container/plan-guardian.ts";
import { UndoStack } from "../../container/undo-stack.ts";
import { UserError } from "../../errors.ts";
import { tell } from "../events/tell.ts";
import { openGate, passOpenGate } from "../oci/gate.ts";
import { makeGate } from "../oci/make-gate.ts";
import type { PendingNetwork } from "../networks/attach.ts";
import type { Prepared } from "../prepare.ts";
import { createFrom, prepareAll, warn } from "../run.ts";
import { runFolder } from "../run-folder.ts";
import type { RunOptions } from "../run-options.ts";
import {
  type ContainerRecord,
  formatRecord,
  type Reservation,
  StateStore,
} from "../state-store.ts";
import { notExecuted } from "../watch.ts";
import { afterCommand } from "./after-guardian.ts";
import { EXIT_FILE, makeExitFile } from "./exit-file.ts";
import { ensureKeeper } from "./health.ts";
import type { KeptContainer, KeptStore } from "./kept.ts";
import { openLog } from "./log-files.ts";
import { awaitDeputy, postGuardian } from "./post-guardian.ts";
import { openFifos, STDIN_FIFO, type StdinSource } from "./streams.ts";

/** Without a caller's terminal to take the size from. docker leaves it at 0 by 0, which upsets many. */
const TERMINAL_SIZE = { rows: 24, columns: 80 };

/** What the caller may be joined to; closed by its scope, and the container does not notice. */
export interface Launched extends Disposable {
  readonly record: ContainerRecord;
  /** To read its end from, which outlives the container's folder. */
  readonly exit: Fd;
  /** The container's stdin, where that is to end with the caller's. */
  readonly stdin?: Fd;
  /** The master of its terminal. */
  readonly terminal?: Fd;
}

export interface LaunchChoice {
  /** stdin is the caller's alone, and ends with it. */
  readonly ownsStdin: boolean;
}

/**
 * @param options those of the container, its image looked up already
 * @throws UserError, SyscallError: then nothing runs, and what is kept is as it was
 */
export async function launchDetached(
  container: KeptContainer,
  options: RunOptions,
  kept: KeptStore,
  choice: LaunchChoice = { ownsStdin: false },
): Promise<Launched> {
  const { id, name } = container;
  const store = new StateStore(runFolder(process.env));
  using undo = new UndoStack();
  const place = store.reserve(id, name);
  undo.push(() => place.remove());
  using gate = makeGate(place.folder);
  const { prepared, network } = await prepareAll(options, id, place, undo);
  using _storage = prepared.storage;
  const gated: Prepared = {
    ...prepared,
    request: { ...prepared.request, nullStdin: false, gate: { planGate, fd: gate.number } },
  };
  for (const warning of prepared.warnings) warn(warning);
  const launched = launch(container, options, kept, gated, place, gate, undo, choice, network);
  ensureKeeper(container, kept);
  return launched;
}

function launch(
  container: KeptContainer,
  options: RunOptions,
  kept: KeptStore,
  prepared: Prepared,
  place: Reservation,
  gate: Fd,
  undo: UndoStack,
  { ownsStdin }: LaunchChoice,
  network: PendingNetwork | undefined,
): Launched {
  const gateFd = gate.number;
  using fifos = openFifos(place.folder, stdinSource(options, ownsStdin));
  using log = openLog(kept.folder(container.id), options.log);
  const exitPath = `${place.folder}/${EXIT_FILE}`;
  using exit = makeExitFile(exitPath);
  const inherit = [
    gateFd,
    fifos.stdout,
    fifos.stderr,
    log.files.fd,
    log.files.indexFd,
    exit.number,
  ];
  const created = createFrom(options, prepared, place, undo, {
    inherit,
    streams: fifos.container,
    ...(network && { duringSetUp: (pid: number) => network.start(pid) }),
  });
  network?.finish();
  // Order: before the fifo's other writer is closed, as a fifo without one is at its end.
  const stdin =
    ownsStdin && options.interactive && !options.tty
      ? open(`${place.folder}/${STDIN_FIFO}`, O.O_WRONLY | O.O_NONBLOCK)
      : undefined;
  const master = options.tty ? fetchTerminal(created) : undefined;
  bringToGate(created, prepared);
  const guardian: GuardianRequest = {
    streams:
      master === undefined
        ? { kind: "pipes", stdout: fifos.stdout, stderr: fifos.stderr }
        : { kind: "terminal", master },
    log: log.files,
    exitFd: exit.number,
    exitPath,
    after: afterCommand(container.id),
  };
  const plan = planGuardian(guardian, created.plan.initPid);
  // Order: before the processes are ended, as a deputy does not go on where that file is gone.
  undo.push(() => removeFile(exitPath));
  // Order: the gate's other end is to be in nobody's hands but the init's: see waitForProgram().
  postGuardian(created.performer, plan, [planCloseGate(gateFd)]);
  const record = formatRecord(place, prepared.cgroupsPath, created);
  place.record(record);
  place.writeSpec(JSON.stringify(prepared.spec));
  // Order: what is said to run has somebody who knows of its end, also where this process is killed now.
  awaitDeputy(created.performer, plan);
  kept.writeStatus(container.id, {
    ...kept.readStatus(container.id),
    status: "running",
    startedMs: Date.now(),
    error: "",
    isStopped: false,
  });
  gate[Symbol.dispose]();
  openTheGate(created, prepared, place.folder);
  created.hasEnded = true;
  undo.keep();
  tell("start", container);
  const { terminal } = created;
  const read = open(exitPath, O.O_RDONLY);
  return {
    record: JSON.parse(record) as ContainerRecord,
    exit: read,
    ...(stdin === undefined ? {} : { stdin }),
    ...(terminal === undefined ? {} : { terminal }),
    [Symbol.dispose]: () => {
      for (const fd of [read, stdin, terminal]) fd?.[Symbol.dispose]();
    },
  };
}

/** The master of the container's terminal, for the guardian: in the agent, as we do not stay. */
function fetchTerminal({ performer, plan, initPid, terminal }: Created): Slot {
  if (terminal !== undefined) {
    setWindowSize(terminal.number, TERMINAL_SIZE);
    // Order: before there is a guardian, which reads until nothing is left.
    fcntl(terminal.number, F.F_SETFL, O.O_RDWR | O.O_NONBLOCK);
  }
  const pidfd = new Slot("init");
  const master = new Slot("terminal");
  const fetch: Step = {
    why: "the container's terminal: whoever holds it, its programs get no hang-up",
    calls: [
      { name: "pidfd_open", args: [initPid, 0], into: pidfd },
      {
        name: "pidfd_getfd",
        args: [pidfd, performer.value(plan.terminal?.master ?? master), 0],
        into: master,
      },
      close(pidfd),
    ],
  };
  performer.perform(AGENT_PAGE, [fetch]);
  return master;
}

/** @throws UserError for a program that is not there, SyscallError for what the kernel refused */
function bringToGate(created: Created, { spec }: Prepared): void {
  const results = leaveAtGate(created);
  const steps = created.plan.initExec();
  const command = spec.process?.args[0] ?? "";
  refuseFailed(steps, results, command);
  refuseUnfound(steps, results, command);
}

function refuseFailed(steps: readonly Step[], results: Results, command: string): void {
  const failure = failedCall(steps, results);
  if (failure === undefined) return;
  throw failure.error ?? notExecuted(command, failure.errnos);
}

/** What was seen of the program before the gate. */
function refuseUnfound(steps: readonly Step[], results: Results, command: string): void {
  const errnos: number[] = [];
  let index = 0;
  for (const { calls } of steps) {
    for (const { name } of calls) {
      const result = results[index] ?? 0;
      index += 1;
      if (name !== "faccessat") continue;
      if (result >= 0) return;
      errnos.push(-result);
    }
  }
  if (errnos.length > 0) throw notExecuted(command, errnos);
}

function planCloseGate(gateFd: number): Step {
  return { why: "leave the gate to the init process", calls: [close(gateFd)] };
}

function stdinSource({ interactive }: RunOptions, ownsStdin: boolean): StdinSource {
  if (!interactive) return "none";
  return ownsStdin ? "caller" : "anyone";
}

/**
 * Opens the gate, and waits until the program has begun: then, or when it could not, nobody reads the
 * fifo any more. pipe(7), poll(2): POLLERR
 */
function openTheGate({ performer, plan }: Created, { spec }: Prepared, folder: string): void {
  using gate = openGate(folder);
  if (gate === undefined) throw new UserError("the container ended before it was started");
  passOpenGate(gate, folder);
  poll([{ fd: gate.number, events: 0 }], PROGRAM_TIMEOUT_MS);
  refuseFailed(plan.initExec(), performer.results(INIT_PAGE), spec.process?.args[0] ?? "");
}

const PROGRAM_TIMEOUT_MS = 10_000;
