// What is left to do after the end of a container that a prelude has run (src/container/prelude): to say how
// it ended, where that is worth a word, and to clear up. What a replayed run does then: see ../replay.ts.

import { Performer } from "../../../../ffi/agent/performer.ts";
import { CHANNEL_BYTES } from "../../../../ffi/agent/layout.ts";
import { Fd } from "../../../../ffi/fd.ts";
import { readVariable } from "../../../../ffi/environment.ts";
import { AT_FDCWD, S } from "../../../../ffi/constants.ts";
import { fileIdentity, readFirstLine } from "../../../../ffi/files.ts";
import { geteuid } from "../../../../ffi/identity.ts";
import { prepareErrno } from "../../../../ffi/library.ts";
import { STATX, statx } from "../../../../ffi/statx.ts";
import { syscall } from "../../../../ffi/syscall.ts";
import { decodeText } from "../../../../ffi/text.ts";
import { CHANNEL_FD, LAUNCH_FD, LOCK_FD } from "../../../container/prelude/run-tape.ts";
import { END_OFFSET } from "../../../container/prelude/writer.ts";
import { UndoStack } from "../../../container/undo-stack.ts";
import { trimEvents } from "../../events/event-log.ts";
import { runFolder } from "../../run-folder.ts";
import { StateStore } from "../../state-store.ts";
import { hasCleared, readStatus, removeCgroups, resultsOf } from "../after-start.ts";
import { UserError } from "../../../errors.ts";
import type { EndedLaunch } from "./ended-command.ts";
import {
  clearOthers,
  exitCodeOf,
  explainEnd,
  type ParseOptions,
  prepareTelling,
} from "../replay.ts";

const SIGINFO_BYTES = 128;
const PROT_READ_WRITE = 3;
const MAP_SHARED = 1;
const OTHERS_BITS = 0o077;

/** The exit code of the run. */
export async function finishEnded(parse: ParseOptions): Promise<number> {
  prepareErrno();
  using channelFd = new Fd(CHANNEL_FD);
  using lock = new Fd(LOCK_FD);
  const launch = readLaunch();
  const { score, standInId } = launch;
  const place = [0, CHANNEL_BYTES, PROT_READ_WRITE, MAP_SHARED, channelFd.number, 0];
  const performer = new Performer(syscall("mmap", place));
  const { channel } = performer;
  const [at = 0, length = 0] = score.ids[0] ?? [];
  const view = channel.view(at, length);
  const id = decodeText(new Uint8Array(view.buffer, view.byteOffset, length));
  const folder = runFolder({ BUNKER_RUN: readVariable("BUNKER_RUN") });
  const store = new StateStore(folder, launch.spare);
  const reservation = store.adopt(id, store.readRecord(id)?.name, lock);
  using undo = new UndoStack();
  let tellOfEnd: (() => void) | undefined;
  // Order: as in the replay.
  undo.push(() => tellOfEnd?.());
  undo.push(() => reservation.remove());
  undo.push(() => {
    if (hasCleared(performer, score)) return;
    removeCgroups(launch.cgroupDirectories.map((directory) => directory.replaceAll(standInId, id)));
  });
  await clearOthers(store, id);
  const status = readStatus(channel.view(score.info, SIGINFO_BYTES));
  const exitCode = exitCodeOf(status);
  const startedMs = lastChangeMs(`${reservation.folder}/state.json`);
  if (exitCode !== 0) tellOfEnd = await prepareTelling(reservation, exitCode, parse, startedMs);
  trimEvents(folder);
  await explainEnd(status, resultsOf(performer, score.exec), reservation, parse);
  return exitCode;
}

/** Security: what is in it is performed as root, so it is root's alone. */
function readLaunch(): EndedLaunch {
  using file = new Fd(LAUNCH_FD);
  const { type, mode, uid } = fileIdentity(file.number, "");
  const isOurs = type === S.S_IFREG && uid === geteuid() && (mode & OTHERS_BITS) === 0;
  if (!isOurs)
    throw new UserError("this command is for the end of a container that bunker has run");
  syscall("lseek", [file.number, END_OFFSET, 0]);
  return JSON.parse(readFirstLine(file.number, "").text) as EndedLaunch;
}

/** Of a record: it was written last when the container had begun to run. */
function lastChangeMs(path: string): number {
  const stat = statx(AT_FDCWD, path);
  return stat === undefined ? Date.now() : Number(stat.getBigInt64(STATX.modified, true)) * 1000;
}
