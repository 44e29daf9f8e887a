// What the words of an `exec` stand for is written down with them, once that can be replayed itself.

import { detectControl } from "../../../cgroups/detect-control.ts";
import { readVariable } from "../../../ffi/environment.ts";
import { readAt } from "../../../ffi/tree.ts";
import { observe } from "../../../ffi/observe.ts";
import { isSyscallError } from "../../../ffi/syscall-error.ts";
import { UserError } from "../../errors.ts";
import { DATA_VARIABLE } from "../data-folder.ts";
import { formatTold } from "../events/tell.ts";
import { isFreeOfStandIns, standFor } from "../events/tell-again.ts";
import { GATE_FILE } from "../oci/gate.ts";
import {
  type Entry,
  findKept as findRequest,
  keep,
  type KeptWords,
  type LaunchBasis,
} from "../replay/kept.ts";
import { describeCommand } from "./exec.ts";
import { findKept } from "./find.ts";
import { KeptStore } from "./kept.ts";
import { lookAt } from "./live.ts";
import { execKey } from "./replay-exec.ts";
import { type ExecAsked, versionOf } from "./replay-exec-words.ts";
import { stateFolder } from "./running-record.ts";

/** Keeps them, or that they are not replayed. What is so only for the moment is tried again. */
export async function rehearseWords(
  entry: Entry,
  runFolder: string,
  asked: ExecAsked,
): Promise<void> {
  if (!isPlain(asked)) return keep(entry, { refused: true });
  try {
    await keepWords(entry, runFolder, asked);
  } catch (error) {
    // The container has ended, or was removed.
    if (!(error instanceof UserError) && !isSyscallError(error)) throw error;
  }
}

/** With no terminal, and no variables, which may be the caller's own or a file's. */
const isPlain = ({ options: { tty, asksVariables } }: ExecAsked): boolean => !tty && !asksVariables;

/** Not for a container that is not called by its name or its whole id, or that nobody guards. */
async function keepWords(
  entry: Entry,
  runFolder: string,
  { text, options }: ExecAsked,
): Promise<void> {
  const store = new KeptStore();
  const container = findKept(text, store);
  const { id, name } = container;
  if (text !== name && text !== id) return;
  const { status, record } = lookAt(container, store);
  if (!store.isKept(id) || status !== "running" || record === undefined) return;
  using found = findRequest<LaunchBasis>(runFolder, execKey({ container, record, options }));
  const { file } = found;
  const launch = file?.kept.launch;
  if (file === undefined || launch === undefined) return;
  const cgroups = detectControl();
  const { result: isFrozen, observations } = await observe(async () =>
    cgroups.isFrozen(record.cgroupsPath),
  );
  if (isFrozen) return;
  const data = readVariable(DATA_VARIABLE);
  const folder = stateFolder(id);
  const command = describeCommand(options);
  if (!isFreeOfStandIns(JSON.stringify([command, container.options]))) return;
  const execID = standFor(0);
  const words: KeptWords = {
    begun: formatTold(
      { [`exec_create: ${command}`]: { execID }, [`exec_start: ${command}`]: { execID } },
      container,
    ),
    ended: formatTold({ exec_die: { execID, exitCode: standFor(1) } }, container),
    detach: options.detach,
    interactive: options.interactive,
    ...(data === undefined ? {} : { data }),
    links: listLinks(text, id, store, runFolder),
    files: [...store.files(id), `${folder}/state.json`].map((path) => [path, versionOf(path)]),
    absent: `${folder}/${GATE_FILE}`,
    processes: [
      [record.initPid, record.initStart],
      [record.agentPid, record.agentStart],
    ],
    observations,
  };
  const arena = new Uint8Array(launch.score.arenaBytes);
  const length = readAt(file.fd, arena, file.arenaOffset);
  if (length !== arena.length) return;
  keep(entry, { launch, words }, arena);
  // Race: it was there before any of that was looked at, and still is.
  const { publishExec } = await import("./publish-exec.ts");
  publishExec({ runFolder, container, command, words, launch, arena });
}

/** A name comes before an id: see findKept(). */
function listLinks(
  text: string,
  id: string,
  store: KeptStore,
  runFolder: string,
): KeptWords["links"] {
  if (text !== id) return [[store.nameLink(text), id]];
  return [
    [store.nameLink(text), null],
    [`${runFolder}/names/${text}`, null],
  ];
}
