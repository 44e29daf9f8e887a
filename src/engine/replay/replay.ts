// A run that was made before: the same request, a host that answers as it did, so the same plan. Its
// records lie ready in a file; nothing is parsed, planned or encoded again. What is not as it was
// then, or fails before the user's program starts, is left to the usual way, with nothing of it here.
//
// Start-up time: little code, as all of it is run once and cold. docs/decisions/replay.md

import { AGENT_PAGE } from "../../../ffi/agent/performer.ts";
import { readVariable } from "../../../ffi/environment.ts";
import { writeText } from "../../../ffi/files.ts";
import { geteuid } from "../../../ffi/identity.ts";
import { prepareErrno } from "../../../ffi/library.ts";
import type { WaitingProgram } from "../../../network/program.ts";
import type { ExitStatus } from "../../container/end.ts";
import type { Results } from "../../container/launch.ts";
import { UndoStack } from "../../container/undo-stack.ts";
import { dataFolder } from "../data-folder.ts";
import { makeId, makeName } from "../names.ts";
import { runFolder } from "../run-folder.ts";
import type { RunOptions } from "../run-options.ts";
import { formatRecord, type Reservation, StateStore } from "../state-store.ts";
import { findGivenName, type GivenName } from "./given-name.ts";
import { findKept, type Found, type KeptFile, type KeptLaunch } from "./kept.ts";
import type { InTurn } from "./in-turn.ts";
import { buildOf, meet, type Replay, ReplayedLaunch, type Unmet } from "./launch.ts";

export type { Replay } from "./launch.ts";

/** What a request asks for: parsed only where it has to be. @param words instead of the request's own */
export type ParseOptions = (words?: readonly string[]) => Promise<RunOptions | undefined>;

/** Runs a container as the last run of the same words did, if there was one. */
export async function replayRun(argv: readonly string[], parse: ParseOptions): Promise<Replay> {
  prepareErrno();
  if (geteuid() !== 0) return {};
  const folder = runFolder({ BUNKER_RUN: readVariable("BUNKER_RUN") });
  const { given, ...all } = findRequest(folder, argv);
  using found = all.found;
  return await meet(
    found,
    async (launch, kept) =>
      launch.detached === undefined
        ? performAndPublish(kept, launch, folder, parse)
        : (await import("./detached.ts")).performDetached(kept, launch, folder, given?.name),
    async (entry) => (await import("./rehearse.ts")).rehearse(entry, folder, parse, given),
  );
}

async function performAndPublish(
  file: KeptFile,
  kept: KeptLaunch,
  folder: string,
  parse: ParseOptions,
): Promise<number | Unmet> {
  const outcome = await perform(file, kept, folder, parse);
  if (typeof outcome === "string") return outcome;
  await (await import("./prelude/again.ts")).publishAgain(folder, kept, file);
  return outcome;
}

/** What is kept of it: whatever name it gives, or where that does not do, of all its words. */
function findRequest(
  folder: string,
  argv: readonly string[],
): { readonly found: Found; readonly given?: GivenName } {
  const build = buildOf();
  const find = (words: readonly (string | null)[]): Found =>
    findKept(folder, `${build} ${JSON.stringify(words)}`);
  const given = findGivenName(argv);
  if (given === undefined) return { found: find(argv) };
  const found = find(given.withName(null));
  if (found.file?.kept.refused !== true) return { found, given };
  found[Symbol.dispose]();
  return { found: find(argv) };
}

const SIGINFO_BYTES = 128;
const EXEC_FAILED = 127;

async function perform(
  file: KeptFile,
  kept: KeptLaunch,
  folder: string,
  parse: ParseOptions,
): Promise<number | Unmet> {
  const store = new StateStore(folder, kept.spare);
  using undo = new UndoStack();
  // Order: before anything else, as it takes its time to load.
  const ahead = kept.network && (await import("./ahead.ts")).startAhead(kept.network, undo);
  if (ahead === "another host") return ahead;
  let tellOfEnd: (() => void) | undefined;
  // Order: once everything of it is gone.
  undo.push(() => tellOfEnd?.());
  const place = reserve(store, kept.name);
  const { id } = place;
  undo.push(() => place.remove());
  const cgroupsPath = kept.cgroupsPath.replaceAll(kept.standInId, id);
  place.record(formatRecord(place, cgroupsPath));
  let inTurn: InTurn | undefined;
  // Order: once its processes are gone.
  undo.push(() => inTurn?.undo());
  if (kept.network) makeNetworkFiles(place);
  const hold = kept.layer && (await import("./layer.ts")).takeLayer(kept.layer, kept, id, undo);
  if (hold === "another host") return hold;
  const launch = await ReplayedLaunch.start(kept, file, id, undo);
  const { later, performer } = launch;
  if (kept.told) inTurn = await launch.beside(() => beginInTurn(kept, place, folder, ahead));
  const initPid = launch.findInit();
  hold?.[Symbol.dispose]();
  if (typeof initPid === "string") return initPid;
  inTurn?.start(initPid);
  const forward = launch.prepareForwarding(initPid);
  if (typeof forward === "string") return forward;
  inTurn?.finish();
  forward();
  const unmet = launch.open();
  if (unmet !== undefined) return unmet;
  inTurn?.begun();
  const agentPid = performer.pid(AGENT_PAGE);
  place.record(formatRecord(place, cgroupsPath, { agentPid, initPid }));
  await clearOthers(store, id);
  inTurn?.awaitEnd(launch.initFd);
  later.reap(agentPid);
  launch.hasEnded = true;
  const status = later.readStatus(performer.channel.view(kept.score.info, SIGINFO_BYTES));
  const exitCode = exitCodeOf(status);
  if (inTurn !== undefined) tellOfEnd = inTurn.ended(exitCode);
  else if (exitCode !== 0) {
    tellOfEnd = await prepareTelling(place, exitCode, parse, performance.timeOrigin);
  }
  // Now and then: whoever tells by its agent alone does not look how long the file has become.
  if (id.startsWith("00")) (await import("../events/event-log.ts")).trimEvents(folder);
  await explainEnd(status, later.resultsOf(performer, kept.score.exec), place, parse);
  return exitCode;
}

export const exitCodeOf = ({ kind, value }: ExitStatus): number =>
  kind === "exited" ? value : 128 + value;

/** Start-up: loaded while the agent is at work. */
async function beginInTurn(
  kept: KeptLaunch,
  place: Reservation,
  folder: string,
  ahead: WaitingProgram | undefined,
): Promise<InTurn | undefined> {
  const { InTurn } = await import("./in-turn.ts");
  return InTurn.begin(kept, place, folder, ahead);
}

/** The init process finds them, and what is in them once the gate opens. */
function makeNetworkFiles({ folder }: Reservation): void {
  for (const name of ["hosts", "resolv.conf"]) writeText(`${folder}/${name}`, "");
}

const RESERVE_ATTEMPTS = 20;

/** Its name is the one that its id gives, as its agent tells of its id alone: see told-by-agent.ts. */
function reserve(store: StateStore, name: string | undefined): Reservation {
  for (let attempt = 1; ; attempt++) {
    const id = makeId();
    try {
      return store.reserve(id, name ?? makeName(id, 0));
    } catch (error) {
      if (name !== undefined || attempt === RESERVE_ATTEMPTS) throw error;
    }
  }
}

/** Of one that has ended with 0 its agent has told. */
export async function prepareTelling(
  { id, name }: Reservation,
  exitCode: number,
  parse: ParseOptions,
  startedMs: number,
): Promise<(() => void) | undefined> {
  const options = await parse();
  if (options === undefined) return undefined;
  const { tellEnd } = await import("../events/tell.ts");
  return () => tellEnd({ id, name, options }, exitCode, startedMs);
}

/** Start-up time: what a crash left is looked for only where there is more than this container. */
export async function clearOthers(store: StateStore, own: string): Promise<void> {
  for (const id of store.list()) {
    if (id === own) continue;
    const { sweep } = await import("../sweep.ts");
    const { detectCgroups } = await import("../../../cgroups/detect.ts");
    if (sweep(store, detectCgroups).length === 0) return;
    (await import("../networks/tear-down.ts")).sweepNetworks();
    const { sweepLayers } = await import("../storage/container-storage.ts");
    sweepLayers(dataFolder(process.env), store);
    return;
  }
}

/** What is to be said of an end that few have. @throws UserError where the program was not executed */
export async function explainEnd(
  status: ExitStatus,
  results: Results,
  place: Reservation,
  parse: ParseOptions,
): Promise<void> {
  if (status.kind === "exited" && status.value < EXEC_FAILED) return;
  const { tellEndOf } = await import("./tell-end.ts");
  await tellEndOf(status, results, place, parse);
}
