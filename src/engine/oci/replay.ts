// A bundle that was made into a container before, with the same config.json on a host that answers as
// it did: its launch is performed from what was written down then. See ../replay/replay.ts; what is
// not replayed is made the usual way, which also says what is wrong.

import { runtime } from "#runtime";
import { AGENT_PAGE } from "../../../ffi/agent/performer.ts";
import { readVariable } from "../../../ffi/environment.ts";
import { removeFile } from "../../../ffi/files.ts";
import { geteuid } from "../../../ffi/identity.ts";
import { UndoStack } from "../../container/undo-stack.ts";
import { findKept, type KeptFile, type KeptLaunch, type LaunchBasis } from "../replay/kept.ts";
import { buildOf, meet, type Replay, ReplayedLaunch, type Unmet } from "../replay/launch.ts";
import { runFolder } from "../run-folder.ts";
import type { CreateOptions, OciGlobals, RunOptions } from "./options.ts";
import { formatNow, type LockedContainer, type OciRecord, OciStore } from "./store.ts";

/** What is asked for: a container that waits, one that is started, one that is watched as well. */
export type Verb = "create" | "run --detach" | "run";

export interface BundleLaunch extends LaunchBasis {
  /** The record, but for what is known only when it is made. */
  readonly record: string;
}

type Options = CreateOptions & Partial<Pick<RunOptions, "keep">>;

/** The least that tells an id from other text. */
export const LEAST_ID_LENGTH = 6;

/** The exit code of the verb, where the container could be made from what is kept. */
export async function replayBundle(
  options: Options,
  globals: OciGlobals,
  verb: Verb,
): Promise<Replay> {
  if (!isPlain(options, globals)) return {};
  const { id, bundle, config, noPivot, noNewKeyring } = options;
  const waits = verb !== "run";
  const asked = [waits, bundle, config, noPivot, noNewKeyring, globals.root, id.length];
  const key = `${buildOf()} ${JSON.stringify(asked)}`;
  const folder = runFolder({ BUNKER_RUN: readVariable("BUNKER_RUN") });
  using found = findKept<BundleLaunch>(folder, key);
  return await meet(
    found,
    async (launch, kept) => {
      const outcome = await (waits
        ? performWaiting(kept, launch, options, globals, verb)
        : performWatched(kept, launch, options, globals));
      if (typeof outcome === "string" || !mayHavePrelude(options, globals, verb)) return outcome;
      // Start-up: one small module as long as it is not time.
      const { readArena, takeTurn } = await import("../replay/prelude/again.ts");
      const arena = takeTurn(kept.fd) ? readArena(launch, kept) : undefined;
      if (arena === undefined) return outcome;
      const { publishBundle } = await import("./publish-bundle.ts");
      publishBundle(options, globals, verb, launch, arena);
      return outcome;
    },
    async (entry) => (await import("./rehearse.ts")).rehearseBundle(entry, options, globals, verb),
  );
}

/** Not one that the id is in the path of: the next one has another. */
export function mayHavePrelude(
  { id, bundle, config = "" }: CreateOptions,
  { root }: OciGlobals,
  verb: Verb,
): boolean {
  if (process.arch !== "x64" || verb === "run --detach") return false;
  return !bundle.includes(id) && !config.includes(id) && !root.includes(id);
}

/** Only of the executable can it be told whether it is the same that wrote something down. */
function isPlain(options: Options, { systemdCgroup }: OciGlobals): boolean {
  if (!runtime.isCompiled() || geteuid() !== 0 || systemdCgroup) return false;
  const { id, consoleSocket, pidfdSocket, preserveFds, keep = false } = options;
  if (consoleSocket !== undefined || pidfdSocket !== undefined || preserveFds > 0) return false;
  if (keep || id.length < LEAST_ID_LENGTH) return false;
  return readVariable("LISTEN_FDS") === undefined && readVariable("NOTIFY_SOCKET") === undefined;
}

/** A container as it is made: its place, its record, its processes. */
class Made {
  private constructor(
    readonly container: LockedContainer,
    public record: OciRecord,
    readonly launch: ReplayedLaunch<BundleLaunch>,
  ) {}

  static async start(
    container: LockedContainer,
    file: KeptFile<BundleLaunch>,
    kept: KeptLaunch<BundleLaunch>,
    undo: UndoStack,
    gateFd?: number,
  ): Promise<Made> {
    const { id } = container;
    const text = kept.record.replaceAll(kept.standInId, id);
    // Start-up: changed in place, as the first object that is made of another one takes 0.1 ms.
    const record: OciRecord & { created: string } = JSON.parse(text);
    record.created = formatNow();
    container.record(record);
    const launch = await ReplayedLaunch.start(kept, file, id, undo, gateFd);
    return new Made(container, record, launch);
  }

  /** As far as the init process, of which the record knows from then on. */
  findInit({ debug }: OciGlobals): number | Unmet {
    debug("nsexec container setup: the agent makes the namespaces and the init process");
    const initPid = this.launch.findInit();
    if (typeof initPid === "string") return initPid;
    this.record = { ...this.record, initPid, initStart: this.launch.later.processStart(initPid) };
    this.container.record(this.record);
    debug(`child process in init(): set up as pid ${initPid}`);
    return initPid;
  }

  finishRecord(): void {
    this.container.record({ ...this.record, status: "created" });
  }
}

function reserve(
  id: string,
  { root }: OciGlobals,
  undo: UndoStack,
  spare?: string,
): LockedContainer {
  const container = new OciStore(root, spare).reserve(id);
  undo.push(() => container[Symbol.dispose]());
  undo.push(() => container.remove());
  return container;
}

async function performWaiting(
  file: KeptFile<BundleLaunch>,
  kept: KeptLaunch<BundleLaunch>,
  { id, pidFile }: Options,
  globals: OciGlobals,
  verb: Verb,
): Promise<number | Unmet> {
  using undo = new UndoStack();
  const container = reserve(id, globals, undo);
  using gate = (await import("./make-gate.ts")).makeGate(container.folder);
  const made = await Made.start(container, file, kept, undo, gate.number);
  const initPid = made.findInit(globals);
  if (typeof initPid === "string") return initPid;
  const unmet = made.launch.finish();
  if (unmet !== undefined) return unmet;
  if (!made.launch.later.leaveAtGate(made.launch.performer, kept.score)) return "failed";
  if (pidFile !== undefined) (await import("./pid-file.ts")).writePidFile(pidFile, initPid);
  made.finishRecord();
  globals.debug("init: closing the pipe to signal completion: it waits for the start");
  undo.keep();
  if (verb === "run --detach") (await import("./gate.ts")).passGate(container.folder);
  container[Symbol.dispose]();
  return 0;
}

const SIGINFO_BYTES = 128;

async function performWatched(
  file: KeptFile<BundleLaunch>,
  kept: KeptLaunch<BundleLaunch>,
  { id, pidFile }: Options,
  globals: OciGlobals,
): Promise<number | Unmet> {
  using undo = new UndoStack();
  const reserved = reserve(id, globals, undo, kept.spare);
  const made = await Made.start(reserved, file, kept, undo);
  const { container, launch } = made;
  const { later, performer } = launch;
  const initPid = made.findInit(globals);
  if (typeof initPid === "string") return initPid;
  const forward = launch.prepareForwarding(initPid);
  if (typeof forward === "string") return forward;
  if (pidFile !== undefined) (await import("./pid-file.ts")).writePidFile(pidFile, initPid);
  globals.debug("init: closing the pipe to signal completion: the program is next");
  forward();
  const unmet = launch.open();
  if (unmet !== undefined) {
    if (pidFile !== undefined) removeFile(pidFile);
    return unmet;
  }
  made.finishRecord();
  // Order: from here on others may ask for it, and kill it.
  container.unlock();
  later.reap(performer.pid(AGENT_PAGE));
  launch.hasEnded = true;
  // Race: somebody may have deleted it by now, and made another of the same name.
  if (!container.lockAgain()) undo.keep();
  if (!later.hasExecuted(performer, kept.score)) return "failed";
  const { kind, value } = later.readStatus(performer.channel.view(kept.score.info, SIGINFO_BYTES));
  return kind === "exited" ? value : 128 + value;
}
