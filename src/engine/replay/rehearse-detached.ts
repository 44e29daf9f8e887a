// What a run in the background does, written down: its agent makes what is kept of it but for the
// container itself, the fifos, the log and the exit file, and becomes its guardian.

import { AddressOf, type Call, Slot, type Step } from "../../../ffi/call.ts";
import { AT_FDCWD, close, dup3, mkdirat, openat } from "../../../ffi/calls.ts";
import { O, S } from "../../../ffi/constants.ts";
import { readVariable } from "../../../ffi/environment.ts";
import { F } from "../../../ffi/fcntl.ts";
import { BYTES_FILE, EXIT_BYTES, MARKS_FILE } from "../../container/guardian-files.ts";
import { NEXT_TURN, THIS_TURN } from "../../container/guardian-files.ts";
import { planContainer } from "../../container/plan.ts";
import { planGate } from "../../container/plan-gate.ts";
import { planGuardian } from "../../container/plan-guardian.ts";
import type { StandIn } from "../../container/stand-ins.ts";
import { writeGuardedPlan } from "../../container/write-score.ts";
import { afterCommand } from "../containers/after-guardian.ts";
import { EXIT_FILE } from "../containers/exit-file.ts";
import { KeptStore } from "../containers/kept.ts";
import { storable } from "../containers/keep.ts";
import { LOG_FOLDER, limitsOf } from "../containers/log-files.ts";
import { PIPE_BYTES, STDIN_FIFO } from "../containers/streams.ts";
import { DATA_VARIABLE } from "../data-folder.ts";
import { formatTold } from "../events/tell.ts";
import { isFreeOfStandIns, standFor } from "../events/tell-again.ts";
import { GATE_FILE } from "../oci/gate.ts";
import { prepare } from "../prepare.ts";
import type { RunOptions } from "../run-options.ts";
import { StateStore } from "../state-store.ts";
import { planFiles } from "./plan-files.ts";
import { describeStorage, directoryOf, type Planned, planPlainLimits } from "./rehearse.ts";

/**
 * Descriptors of the guardian, by numbers that nobody else has: what is opened gets the lowest there is.
 * Where the limit of open files is below them, the container is made the usual way.
 */
const FDS = { gate: 240, stdout: 241, stderr: 242, log: 243, marks: 244, exit: 245 } as const;

/** undefined for what asks for more than one process that does one call after the other. */
export async function planDetached(
  options: RunOptions,
  runFolder: string,
  { id, pid }: Pick<StandIn, "id" | "pid">,
): Promise<Planned | undefined> {
  const folder = new StateStore(runFolder).containerFolder(id);
  const kept = new KeptStore().folder(id);
  const prepared = await prepare(options, id, folder);
  using storage = prepared.storage;
  const limits = planPlainLimits(prepared);
  if (limits === undefined) return undefined;
  const { cgroups, cgroupsPath, request, spec } = prepared;
  const gate = { planGate, fd: FDS.gate };
  const plan = planContainer({ ...request, parentPid: pid, nullStdin: false, gate });
  const log = `${kept}/${LOG_FOLDER}`;
  const exitPath = `${folder}/${EXIT_FILE}`;
  const guardian = planGuardian(
    {
      streams: { kind: "pipes", stdout: FDS.stdout, stderr: FDS.stderr },
      log: { fd: FDS.log, indexFd: FDS.marks, folder: log, ...limitsOf(options.log) },
      exitFd: FDS.exit,
      exitPath,
      after: afterCommand(id),
    },
    plan.initPid,
  );
  const files = planFiles(prepared, options, folder, kept);
  const first = [files.mounted, planStreams(folder, options), planGateFile(folder), ...limits];
  const meanwhile = [LEAVE_GATE, files.told, planLog(log), planExitFile(exitPath)];
  const written = writeGuardedPlan(plan, guardian, { first, known: [files.layer], meanwhile });
  if (written === undefined) return undefined;
  if (!isFreeOfStandIns(JSON.stringify(options))) return undefined;
  const container = { id: standFor(0), name: standFor(1), options };
  const created = formatTold({ create: {} }, container);
  const started = formatTold({ start: {} }, container);
  const network =
    options.networking &&
    (await import("./rehearse-network.ts")).describeNetwork(options, prepared, id);
  const { oomScoreAdj } = spec.process ?? {};
  const data = readVariable(DATA_VARIABLE);
  const made = {
    standInId: id,
    cgroupsPath,
    cgroupDirectories: cgroups.procsFiles(cgroupsPath).map(directoryOf),
    ...(oomScoreAdj === undefined ? {} : { oomScoreAdj }),
    ...(storage?.plain && describeStorage(storage.plain())),
    detached: {
      options: storable(options),
      created,
      started,
      ...(data === undefined ? {} : { data }),
    },
    ...(network === undefined ? {} : { network }),
  };
  return { written, made };
}

const LEAVE_GATE: Step = {
  why: "leave the gate to the init process",
  calls: [close(FDS.gate)],
};

/** What openLog() makes of a new container. */
function planLog(folder: string): Step {
  const open = (path: string, into: number): Call[] =>
    planOpen(path, O.O_WRONLY | O.O_CREAT, into, 0o600);
  return {
    why: "its log, which nobody has written to",
    calls: [
      mkdirat(AT_FDCWD, folder, 0o700),
      ...[THIS_TURN, NEXT_TURN].flatMap((name) => planEmptyFile(`${folder}/${name}`)),
      mkdirat(AT_FDCWD, `${folder}/0`, 0o700),
      ...open(`${folder}/0/${BYTES_FILE}`, FDS.log),
      ...open(`${folder}/0/${MARKS_FILE}`, FDS.marks),
    ],
  };
}

function planEmptyFile(path: string): Call[] {
  const fd = new Slot(path);
  return [openat(AT_FDCWD, path, O.O_RDWR | O.O_CREAT, { into: fd }, 0o600), close(fd)];
}

/** As long as it is to be: see makeExitFile(). */
function planExitFile(path: string): Step {
  const nothing = new Slot("no end yet", EXIT_BYTES);
  const room = [FDS.exit, new AddressOf(nothing), EXIT_BYTES, 0];
  return {
    why: "where its end is to be written down",
    calls: [
      ...planOpen(path, O.O_WRONLY | O.O_CREAT | O.O_TRUNC, FDS.exit, 0o600),
      { name: "pwrite64", args: room, path },
    ],
  };
}

/** The fifos, of which the agent has the container's ends until it guards: see openFifos(). */
function planStreams(folder: string, { interactive }: RunOptions): Step {
  const stdin = `${folder}/${STDIN_FIFO}`;
  return {
    why: "its standard streams",
    calls: [
      ...(interactive
        ? [planFifo(stdin, 0o666), ...planOpen(stdin, O.O_RDWR, 0)]
        : planOpen("/dev/null", O.O_RDONLY, 0)),
      ...planOutput(`${folder}/stdout`, FDS.stdout, 1),
      ...planOutput(`${folder}/stderr`, FDS.stderr, 2),
    ],
  };
}

/** Order: for reading first, without waiting for a writer; then for both. */
function planOutput(path: string, reader: number, writer: number): Call[] {
  return [
    planFifo(path, 0o666),
    ...planOpen(path, O.O_RDONLY | O.O_NONBLOCK, reader),
    ...planOpen(path, O.O_RDWR, writer),
    { name: "fcntl", args: [writer, F.F_SETPIPE_SZ, PIPE_BYTES] },
  ];
}

function planGateFile(folder: string): Step {
  const path = `${folder}/${GATE_FILE}`;
  return {
    why: "its gate, for the init process to inherit",
    calls: [planFifo(path, 0o600), ...planOpen(path, O.O_RDWR, FDS.gate)],
  };
}

const planFifo = (path: string, mode: number): Call => ({
  name: "mknodat",
  args: [AT_FDCWD, path, S.S_IFIFO | mode, 0],
  path,
});

/** As that number; but for the standard streams, no program gets it. */
function planOpen(path: string, flags: number, into: number, mode = 0): Call[] {
  const fd = new Slot(path);
  return [
    openat(AT_FDCWD, path, flags, { into: fd }, mode),
    dup3(fd, into, into < FDS.gate ? 0 : O.O_CLOEXEC),
    close(fd),
  ];
}
