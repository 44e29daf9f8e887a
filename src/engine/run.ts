// `run`: options in, the container's exit status out. The rooms of DESIGN.md in a row.

import { applySteps } from "../../cgroups/steps.ts";
import {
  fileType,
  makeDirectory,
  makeDirectoryTree,
  writeAll,
  writeText,
} from "../../ffi/files.ts";
import { geteuid } from "../../ffi/identity.ts";
import { prepareErrno } from "../../ffi/library.ts";
import {
  type Created,
  createContainer,
  destroy,
  type LaunchOptions,
  startContainer,
} from "../container/launch.ts";
import { planContainer } from "../container/plan.ts";
import { UndoStack } from "../container/undo-stack.ts";
import { UserError } from "../errors.ts";
import { describeEnd, tell, tellAll, tellSize } from "./events/tell.ts";
import { makeId, makeName } from "./names.ts";
import { type Prepared, prepare } from "./prepare.ts";
import type { RunOptions } from "./run-options.ts";
import { runFolder } from "./run-folder.ts";
import { formatRecord, type Reservation, StateStore } from "./state-store.ts";
import type { PendingNetwork } from "./networks/attach.ts";
import { sweep } from "./sweep.ts";
import { passSignalsOn, watchContainer } from "./watch.ts";

/** 128 + SIGKILL */
const KILLED = 137;

/**
 * Runs a container in the foreground and waits for its end.
 * @returns its exit code, 128 + the signal that killed it, 126 or 127 where the command could not
 * be executed
 * @throws UserError, SyscallError: then nothing is left of it
 */
export async function runContainer(options: RunOptions): Promise<number> {
  prepareErrno();
  requireRoot();
  if (options.detach) return (await import("./containers/run-detached.ts")).runDetached(options);
  if (options.tty && options.interactive) (await import("./terminal.ts")).requireTerminal();
  if (isKept(options)) return (await import("./containers/run-detached.ts")).runAttached(options);
  const id = makeId();
  const store = new StateStore(runFolder(process.env));
  using undo = new UndoStack();
  const place = store.reserve(id, options.name ?? ((attempt) => makeName(id, attempt)));
  // Order: the end is told once everything of it is gone.
  const told = { id, name: place.name, options };
  undo.push(() => tell("destroy", told));
  undo.push(() => place.remove());
  tellAll({ create: {}, attach: {} }, told);
  using trace = options.trace ? (await import("./print-trace.ts")).openTrace() : undefined;
  const { network, prepared } = await prepareAll(options, id, place, undo);
  using _storage = prepared.storage;
  for (const warning of prepared.warnings) warn(warning);
  const created = createFrom(options, prepared, place, undo, {
    ...(trace && { trace: trace.sink }),
    ...(network && { duringSetUp: (pid: number) => network.start(pid) }),
  });
  network?.finish();
  writeIdFiles(options, id, created.initPid);
  passSignalsOn(created);
  using terminal =
    created.terminal === undefined
      ? undefined
      : (await import("./terminal.ts")).joinTerminal(created.terminal, {
          interactive: options.interactive,
          onSize: tellSize(told),
        });
  const watch = startContainer(created);
  // Order: written while the program starts. Until then the record says "creating", and whoever
  // finds this process killed ends the container.
  place.record(formatRecord(place, prepared.cgroupsPath, created));
  tell("start", told);
  place.writeSpec(JSON.stringify(prepared.spec));
  if (prepared.storage?.hasHealthCheck === true) {
    (await import("./containers/health.ts")).startKeeper();
  }
  let cleared = 0;
  const exitCode = watchContainer(created, watch, prepared, {
    onIdle: () => {
      cleared = sweep(store, () => prepared.cgroups).length;
      prepared.storage?.sweep();
    },
    terminal,
  });
  tell("die", told, describeEnd(exitCode, performance.timeOrigin, Date.now()));
  network?.leave();
  if (cleared > 0) (await import("./networks/tear-down.ts")).sweepNetworks();
  if (exitCode === KILLED) (await import("./out-of-memory.ts")).tellOutOfMemory(prepared);
  return exitCode;
}

/** The network's part is only loaded for those who ask for one. */
export async function prepareAll(
  options: RunOptions,
  id: string,
  place: Reservation,
  undo: UndoStack,
): Promise<{ readonly prepared: Prepared; readonly network?: PendingNetwork }> {
  const { networking } = options;
  if (networking === undefined) return { prepared: await prepare(options, id, place.folder) };
  // Order: `ip` is loaded while the container is planned, when this process has a processor to spare.
  const { findProgram, startIpAhead } = await import("../../network/program.ts");
  const isNamed = networking.networks.some(({ isUsual }) => isUsual !== true);
  const isPossible = isNamed || findProgram("ip") !== undefined;
  const ahead = networking.networks.length > 0 && isPossible ? startIpAhead() : undefined;
  undo.push(() => ahead?.drop());
  const prepared = await prepare(options, id, place.folder);
  const { prepareForRun } = await import("./networks/prepare-for-run.ts");
  return prepareForRun(options, prepared, place, undo, ahead);
}

/**
 * Whether it outlives its end or its caller. Not where its set-up is to be watched: then this process
 * makes it from first to last.
 */
function isKept(options: RunOptions): boolean {
  const { remove, detachKeys, attach, log, health, trace, performer } = options;
  if (trace || performer !== "agent") return false;
  if (!remove || health !== undefined) return true;
  return detachKeys !== undefined || attach !== undefined || log !== undefined;
}

function requireRoot(): void {
  const uid = geteuid();
  if (uid === 0) return;
  throw new UserError(
    `running a container needs root: got uid ${uid}`,
    "start bunker with sudo, or as root of a user namespace of its own",
  );
}

/** Everything up to the gate; `undo` gets what takes it back. @param more how its processes start */
export function createFrom(
  options: RunOptions,
  prepared: Prepared,
  place: Reservation,
  undo: UndoStack,
  more?: Pick<LaunchOptions, "duringSetUp" | "inherit" | "streams" | "trace">,
): Created {
  const { cgroups, cgroupsPath, spec, request } = prepared;
  place.record(formatRecord(place, cgroupsPath));
  makeMissingSources(options);
  prepared.storage?.make(place.folder, undo);
  const plan = planContainer(request);
  undo.push(() => clearCgroup(prepared));
  const launch: LaunchOptions = {
    performer: options.performer,
    cgroupFirst: cgroups.join(cgroupsPath).how === "clone-into",
    meanwhile: () => {
      writeFiles(prepared, place);
      applyCgroupSteps(prepared);
    },
    ...(request.cgroupJoin.how === "none"
      ? { joinFromOutside: (pid: number) => moveInto(cgroups.procsFiles(cgroupsPath), pid) }
      : {}),
    ...more,
  };
  const created = createContainer(spec, plan, launch);
  // Security: once it has ended, its pids may be others'.
  undo.push(() => {
    if (!created.hasEnded) destroy(created.performer);
  });
  return created;
}

function applyCgroupSteps({ cgroupSteps }: Prepared): void {
  for (const step of applySteps(cgroupSteps())) {
    if (step.op === "write" && step.warning !== undefined) warn(step.warning);
  }
}

const SIGKILL = 9;

/**
 * Removes the container's cgroup. What ran in a pid namespace of its own is gone with its init; from
 * the host's, or from another container's, it has to be taken out of the cgroup by force.
 */
function clearCgroup({ cgroups, cgroupsPath, spec }: Prepared): void {
  let hasOwnPids = false;
  for (const { type, path } of spec.linux?.namespaces ?? []) {
    if (type === "pid" && path === undefined) hasOwnPids = true;
  }
  if (!hasOwnPids) cgroups.kill(cgroupsPath, SIGKILL);
  cgroups.remove(cgroupsPath);
}

function writeFiles(prepared: Prepared, place: Reservation): void {
  if (prepared.request.rootSource.kind === "host") makeDirectory(`${place.folder}/scratch`, 0o700);
  for (const { name, text } of prepared.etcFiles) {
    writeText(`${place.folder}/${name}`, text);
  }
}

/** Bind sources that -v asked to make. A folder, as docker does; it stays. */
function makeMissingSources({ mounts }: RunOptions): void {
  for (const mount of mounts) {
    if (mount.type !== "bind" || !mount.createSource || fileType(mount.source) !== 0) continue;
    makeDirectoryTree(mount.source, 0o755);
  }
}

function moveInto(procsFiles: readonly string[], pid: number): void {
  for (const file of procsFiles) writeText(file, String(pid), { existing: true });
}

function writeIdFiles({ cidfile, pidfile }: RunOptions, id: string, pid: number): void {
  if (cidfile !== undefined) writeText(cidfile, id, { exclusive: true });
  if (pidfile !== undefined) writeText(pidfile, String(pid));
}

/** Tells of what is not as it was asked for. */
export function warn(line: string): void {
  writeAll(2, `bunker: warning: ${line}\n`, "stderr");
}
