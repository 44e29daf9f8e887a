// `exec` with words that were used before, while the container is as it was: then the command line is not
// parsed, nor the container looked for. What is performed is that of a request of replay-exec.ts.

import { isSameProcess } from "../../../ffi/agent/alive.ts";
import { AT_FDCWD } from "../../../ffi/constants.ts";
import { readVariable } from "../../../ffi/environment.ts";
import { fileIdentity, fileType, readLink } from "../../../ffi/files.ts";
import { geteuid } from "../../../ffi/identity.ts";
import { prepareErrno } from "../../../ffi/library.ts";
import { isSyscallError } from "../../../ffi/syscall-error.ts";
import { DATA_VARIABLE } from "../data-folder.ts";
import { makeId } from "../names.ts";
import { stillHolds } from "../replay/holds.ts";
import { findKept, type Found, keep, type KeptWords, type LaunchBasis } from "../replay/kept.ts";
import { buildOf, FAILURES_MAX } from "../replay/launch.ts";
import { runFolder } from "../run-folder.ts";
import type { ExecOptions } from "./exec.ts";
import { meetExec } from "./replay-exec.ts";

/** What the words turned out to ask for. */
export interface ExecAsked {
  /** What the container was called by. */
  readonly text: string;
  readonly options: ExecOptions;
}

export interface WordsReplay {
  /** undefined: it is still to be executed. */
  readonly exitCode?: number;
  /** To be called once it was, for the next time. */
  readonly afterwards?: (asked: ExecAsked) => Promise<void>;
}

/** The exit code of the process, where the words and the container are as they were. */
export async function replayExecWords(words: readonly string[]): Promise<WordsReplay> {
  prepareErrno();
  if (geteuid() !== 0) return {};
  const folder = runFolder({ BUNKER_RUN: readVariable("BUNKER_RUN") });
  using found = findKept<LaunchBasis>(folder, `${buildOf()} exec ${JSON.stringify(words)}`);
  const { path, key, file } = found;
  const { refused = false, words: asked, failures = 0 } = file?.kept ?? {};
  const entry = { path, key, failures };
  if (file === undefined) return { afterwards: async () => keep(entry) };
  if (refused || failures >= FAILURES_MAX) return {};
  const afterwards = async (asked: ExecAsked): Promise<void> =>
    (await import("./rehearse-exec-words.ts")).rehearseWords(entry, folder, asked);
  if (asked === undefined || !isAsItWas(asked)) return { afterwards };
  const exitCode = await execute(found, asked, folder);
  // What is wrong, or is otherwise by now, is found out by who knows the request.
  return exitCode === undefined ? { afterwards } : { exitCode };
}

/** The container is there, runs, is guarded and not paused. */
function isAsItWas({ data, links, files, absent, processes, observations }: KeptWords): boolean {
  if (readVariable(DATA_VARIABLE) !== data) return false;
  try {
    for (const [path, target] of links) if ((readLink(path) ?? null) !== target) return false;
    for (const [path, version] of files) if (versionOf(path) !== version) return false;
    for (const [pid, start] of processes) if (!isSameProcess(pid, start)) return false;
    return fileType(absent) === 0 && stillHolds(observations, "", "");
  } catch (error) {
    if (isSyscallError(error)) return false;
    throw error;
  }
}

/** The same text for a file that nobody has changed since. */
export const versionOf = (path: string): string => fileIdentity(AT_FDCWD, path).version;

async function execute(
  found: Found<LaunchBasis>,
  asked: KeptWords,
  folder: string,
): Promise<number | undefined> {
  const { detach, begun, ended } = asked;
  const execID = makeId();
  // Start-up: loaded while the agent is at work.
  const loadTell = () => import("../events/tell-again.ts");
  const begins = async (): Promise<() => void> => {
    const { tellAgain } = await loadTell();
    return () => tellAgain(folder, begun, [execID]);
  };
  const { exitCode } = await meetExec(found, asked, begins, async () => undefined);
  if (exitCode === undefined || detach) return exitCode;
  const { tellAgain } = await loadTell();
  tellAgain(folder, ended, [execID, String(exitCode)]);
  return exitCode;
}
