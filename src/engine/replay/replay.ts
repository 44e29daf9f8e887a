// A run that was made before: the same request, a host that answers as it did, so the same plan. Its
// records lie ready in a file; nothing is parsed, planned or encoded again. What is not as it was
// then, or fails before the user's program starts, is left to the usual way, with nothing of it here.
//
// Start-up time: little code, as all of it is run once and cold. docs/decisions/replay.md

import { removeCgroups } from "../../../cgroups/remove.ts";
import { INIT_PAGE, type Performer } from "../../../ffi/agent/performer.ts";
import { AT_FDCWD } from "../../../ffi/constants.ts";
import { fileIdentity, writeText } from "../../../ffi/files.ts";
import { prepareForwarding } from "../../../ffi/forward-signals.ts";
import { readVariable } from "../../../ffi/environment.ts";
import { geteuid } from "../../../ffi/identity.ts";
import { prepareErrno } from "../../../ffi/library.ts";
import { pidfd_open } from "../../../ffi/signal.ts";
import { destroy, type ExitStatus, readStatus, reap } from "../../container/end.ts";
import {
  findInit,
  hasCleared,
  openGate,
  resultsOf,
  startScore,
  waitForInit,
} from "../../container/perform-score.ts";
import { STAND_IN_ID } from "../../container/score.ts";
import { UndoStack } from "../../container/undo-stack.ts";
import { makeId, makeName } from "../names.ts";
import type { RunOptions } from "../run-options.ts";
import { runFolder } from "../run-folder.ts";
import { formatRecord, type Reservation, StateStore } from "../state-store.ts";
import { stillHolds } from "./holds.ts";
import { keep, type KeptFile, type KeptLaunch, keptPath, openKept } from "./kept.ts";

/** How a request was met. */
export interface Replay {
  /** undefined: it is still to be run. */
  readonly exitCode?: number;
  /** To be called once it was run, for the next time. */
  readonly afterwards?: () => Promise<void>;
}

/** What a request asks for: parsed only where it has to be. */
export type ParseOptions = () => Promise<RunOptions | undefined>;

/** Runs a container as the last run of the same words did, if there was one. */
export async function replayRun(argv: readonly string[], parse: ParseOptions): Promise<Replay> {
  prepareErrno();
  if (geteuid() !== 0) return {};
  const folder = runFolder({ BUNKER_RUN: readVariable("BUNKER_RUN") });
  // Another build may plan something else.
  const key = `${fileIdentity(AT_FDCWD, "/proc/self/exe").version} ${JSON.stringify(argv)}`;
  const path = keptPath(folder, key);
  using file = openKept(path, key);
  if (file === undefined) return { afterwards: async () => keep(path, { key }) };
  const { refused, launch } = file.kept;
  if (refused === true) return {};
  const rehearseNow = async (): Promise<void> =>
    (await import("./rehearse.ts")).rehearse(path, key, folder, parse);
  if (launch === undefined) return { afterwards: rehearseNow };
  const outcome = await perform(file, launch, folder, parse);
  if (outcome === "another host") return { afterwards: rehearseNow };
  if (outcome !== "failed") return { exitCode: outcome };
  keep(path, { key, refused: true });
  return {};
}

/** The exit code; or why it has not come to the user's program. */
async function perform(
  file: KeptFile,
  launch: KeptLaunch,
  folder: string,
  parse: ParseOptions,
): Promise<number | "failed" | "another host"> {
  const { score } = launch;
  const id = makeId();
  const store = new StateStore(folder);
  using undo = new UndoStack();
  const place = store.reserve(id, launch.name ?? ((attempt) => makeName(id, attempt)));
  undo.push(() => place.remove());
  const cgroupsPath = launch.cgroupsPath.replace(STAND_IN_ID, id);
  place.record(formatRecord(place, cgroupsPath));
  let isCleared = false;
  undo.push(() => {
    if (!isCleared) clearCgroup(launch, id);
  });
  const performer = startScore(score, file.fd, file.arenaOffset, id);
  let hasEnded = false;
  // Security: once it has ended, its pids may be others'.
  undo.push(() => {
    if (!hasEnded) destroy(performer);
  });
  // Order: the agent is at work by now, on what nobody sees yet.
  if (!stillHolds(launch.observations)) {
    findInit(performer, score);
    return "another host";
  }
  const initPid = setUp(performer, launch);
  if (initPid === undefined) return "failed";
  openGate(performer, score);
  const agentPid = performer.pid(0);
  place.record(formatRecord(place, cgroupsPath, { agentPid, initPid }));
  await clearOthers(store, id);
  reap(agentPid);
  hasEnded = true;
  isCleared = hasCleared(performer, score);
  const status = readStatus(performer.channel.view(score.info, SIGINFO_BYTES));
  if (status.kind !== "exited" || status.value >= EXEC_FAILED) {
    await tellEnd(performer, status, launch, place, parse);
  }
  return status.kind === "exited" ? status.value : 128 + status.value;
}

const SIGINFO_BYTES = 128;
const EXEC_FAILED = 127;

/** The pid of the init process, which waits at the gate; undefined where something has failed. */
function setUp(performer: Performer, { score, oomScoreAdj }: KeptLaunch): number | undefined {
  try {
    const initPid = waitForInit(performer, score);
    if (oomScoreAdj !== undefined) {
      writeText(`/proc/${initPid}/oom_score_adj`, String(oomScoreAdj), { existing: true });
    }
    const forward = prepareForwarding(pidfd_open(initPid).release());
    performer.finish(INIT_PAGE);
    // Race: before the gate opens. Afterwards a signal in between would end this process instead.
    forward();
    return initPid;
  } catch (error) {
    // Which call it was, and why, is found out by who has the plan.
    if (!(error instanceof Error)) throw error;
    findInit(performer, score);
    return undefined;
  }
}

function clearCgroup({ cgroupDirectories }: KeptLaunch, id: string): void {
  const directories: string[] = [];
  for (const directory of cgroupDirectories) directories.push(directory.replace(STAND_IN_ID, id));
  removeCgroups(directories);
}

/** Start-up time: what a crash left is looked for only where there is more than this container. */
async function clearOthers(store: StateStore, own: string): Promise<void> {
  for (const id of store.list()) {
    if (id === own) continue;
    const { sweep } = await import("../sweep.ts");
    const { detectCgroups } = await import("../../../cgroups/detect.ts");
    sweep(store, detectCgroups);
    return;
  }
}

async function tellEnd(
  performer: Performer,
  status: ExitStatus,
  { score }: KeptLaunch,
  place: Reservation,
  parse: ParseOptions,
): Promise<void> {
  const { tellEndOf } = await import("./tell-end.ts");
  await tellEndOf(status, resultsOf(performer, score.exec), place, parse);
}
