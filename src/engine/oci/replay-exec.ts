// A process that was executed before in the same container, with the same words: what a health check
// does. Its batches are performed from what was written down then; see ../replay/replay.ts.
//
// Unlike a container, the process has no gate: the host is asked before anything starts.

import { runtime } from "#runtime";
import { AGENT_PAGE } from "../../../ffi/agent/performer.ts";
import { readText } from "../../../ffi/files.ts";
import { forwardSignals } from "../../../ffi/forward-signals.ts";
import { readVariable } from "../../../ffi/environment.ts";
import { geteuid } from "../../../ffi/identity.ts";
import { pidfd_open } from "../../../ffi/signal.ts";
import { destroy, readStatus, reap } from "../../container/end.ts";
import { hasExecuted, startScore } from "../../container/perform-score.ts";
import { stillHolds } from "../replay/holds.ts";
import {
  type KeptFile,
  type KeptLaunch,
  keptPath,
  type LaunchBasis,
  openKept,
} from "../replay/kept.ts";
import { buildOf, meet, type Replay, type Unmet } from "../replay/launch.ts";
import { runFolder } from "../run-folder.ts";
import type { ExecOptions, OciGlobals } from "./options.ts";
import { writePidFile } from "./pid-file.ts";
import type { OciRecord } from "./store.ts";

/** The exit code of the process, where it could be made from what is kept. */
export async function replayExec(
  options: ExecOptions,
  globals: OciGlobals,
  record: OciRecord,
): Promise<Replay> {
  if (!isPlain(options)) return {};
  const { pidFile: _, process: file = "", ...asked } = options;
  const { initPid, initStart } = record;
  // What it says, not how it is called: containerd has another name for it each time.
  const said = file === "" ? "" : readText(file);
  const key = `${buildOf()} ${JSON.stringify([globals.root, initPid, initStart, asked, said])}`;
  const path = keptPath(runFolder({ BUNKER_RUN: readVariable("BUNKER_RUN") }), key);
  using found = openKept<LaunchBasis>(path, key);
  return await meet(
    path,
    key,
    found,
    (launch, kept) => perform(kept, launch, options, globals),
    async (entry) => (await import("./rehearse.ts")).rehearseExec(entry, options, globals, record),
  );
}

/** Only of the executable can it be told whether it is the same that wrote something down. */
function isPlain({ tty, consoleSocket, pidfdSocket, preserveFds }: ExecOptions): boolean {
  if (!runtime.isCompiled() || geteuid() !== 0) return false;
  return !tty && consoleSocket === undefined && pidfdSocket === undefined && preserveFds === 0;
}

const SIGINFO_BYTES = 128;

async function perform(
  { fd, arenaOffset }: KeptFile<LaunchBasis>,
  { score, observations, standInId }: KeptLaunch<LaunchBasis>,
  { detach, pidFile }: ExecOptions,
  { debug }: OciGlobals,
): Promise<number | Unmet> {
  if (!stillHolds(observations, standInId, standInId)) return "another host";
  // In runc's words, here and below, which its tests look for.
  debug("nsexec container setup: the agent enters the namespaces");
  const performer = startScore(score, fd, arenaOffset, "");
  try {
    performer.finish(AGENT_PAGE);
  } catch (error) {
    if (!(error instanceof Error)) throw error;
    destroy(performer);
    return "failed";
  }
  const agentPid = performer.pid(AGENT_PAGE);
  const watch = (): void => performer.startLoaded(AGENT_PAGE, score.watch[0], score.watch[1]);
  if (!hasExecuted(performer, score)) {
    watch();
    reap(agentPid);
    return "failed";
  }
  const pid = performer.channel.words[score.initPid >> 2] ?? 0;
  debug(`child process in init(): entered as pid ${pid}`);
  debug("setns_init: about to exec, or done so");
  if (pidFile !== undefined) writePidFile(pidFile, pid);
  // Order: before the agent waits for it, so that it is there, be it as a zombie.
  if (!detach) forwardSignals(pidfd_open(pid).release());
  watch();
  reap(agentPid);
  if (detach) return 0;
  const { kind, value } = readStatus(performer.channel.view(score.info, SIGINFO_BYTES));
  return kind === "exited" ? value : 128 + value;
}
