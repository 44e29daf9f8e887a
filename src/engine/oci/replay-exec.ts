// A process that was executed before in the same container, with the same words: what a health check
// does. See ../replay/enter.ts.

import { runtime } from "#runtime";
import { readVariable } from "../../../ffi/environment.ts";
import { geteuid } from "../../../ffi/identity.ts";
import { type Entry, replayEntry } from "../replay/enter.ts";
import { findKept, type LaunchBasis } from "../replay/kept.ts";
import { buildOf, meet, type Replay } from "../replay/launch.ts";
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
  const { pidFile: _, process: file, ...asked } = options;
  const { initPid, initStart } = record;
  // What it says, not how it is called: containerd has another name for it each time.
  const said = file?.text ?? "";
  const key = `${buildOf()} ${JSON.stringify([globals.root, initPid, initStart, asked, said])}`;
  const folder = runFolder({ BUNKER_RUN: readVariable("BUNKER_RUN") });
  using found = findKept<LaunchBasis>(folder, key);
  return await meet(
    found,
    async (launch, kept) => replayEntry(kept, launch, entryOf(options, globals)),
    async (entry) => (await import("./rehearse.ts")).rehearseExec(entry, options, globals, record),
  );
}

/** Only of the executable can it be told whether it is the same that wrote something down. */
function isPlain({ tty, consoleSocket, pidfdSocket, preserveFds }: ExecOptions): boolean {
  if (!runtime.isCompiled() || geteuid() !== 0) return false;
  return !tty && consoleSocket === undefined && pidfdSocket === undefined && preserveFds === 0;
}

/** In runc's words, which its tests look for. */
function entryOf({ detach, pidFile }: ExecOptions, { debug }: OciGlobals): Entry {
  return {
    detach,
    entered: (pid) => {
      debug("nsexec container setup: the agent has entered the namespaces");
      debug(`child process in init(): entered as pid ${pid}`);
      debug("setns_init: about to exec, or done so");
      if (pidFile !== undefined) writePidFile(pidFile, pid);
    },
  };
}
