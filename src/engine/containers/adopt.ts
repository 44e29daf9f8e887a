// A container whose guardian was killed has its deputy in its place. One whose deputy was killed as well
// gets another guardian from the next command that looks at it. Its output has waited in the fifos
// meanwhile. A terminal is gone with the two of them: then only the end is still to be learnt.

import { AGENT_PAGE } from "../../../ffi/agent/performer.ts";
import { startPerformer } from "../../../ffi/agent/start-performer.ts";
import { isSameProcess, processStart } from "../../../ffi/agent/alive.ts";
import { O } from "../../../ffi/constants.ts";
import { duplicate, open } from "../../../ffi/fcntl.ts";
import type { Fd } from "../../../ffi/fd.ts";
import { fileType } from "../../../ffi/files.ts";
import { isSyscallError } from "../../../ffi/syscall-error.ts";
import { planGuardian } from "../../container/plan-guardian.ts";
import { planParentGuard } from "../../container/plan-parent-guard.ts";
import { destroy } from "../../container/end.ts";
import { GATE_FILE, passGate } from "../oci/gate.ts";
import { runFolder } from "../run-folder.ts";
import { type ContainerRecord, StateStore } from "../state-store.ts";
import { afterCommand } from "./after-guardian.ts";
import { EXIT_FILE } from "./exit-file.ts";
import { findGuardian } from "./guardian-process.ts";
import type { KeptContainer, KeptStore } from "./kept.ts";
import { openLog } from "./log-files.ts";
import { awaitDeputy, postGuardian } from "./post-guardian.ts";
import { type Fifos, reopenFifos } from "./streams.ts";
import { openProcess } from "./wait-for.ts";
import { stateFolder } from "./running-record.ts";

const NO_STREAMS = { stdout: -1, stderr: -1, [Symbol.dispose]: () => {} };

/** The record as it is now: with another guardian, where there was none. */
export function adopt(
  container: KeptContainer,
  record: ContainerRecord,
  kept: KeptStore,
): ContainerRecord {
  completeStart(container, kept);
  const store = new StateStore(runFolder(process.env));
  const guardian = findGuardian(record, store.containerFolder(container.id));
  if (guardian?.agentPid === record.agentPid) return record;
  const guarded = { ...record, ...guardian };
  // Whoever has the lock changes the container right now: the next command will see.
  using lock = kept.tryLock(container.id);
  if (lock === undefined) return guarded;
  const now = store.readRecord(container.id);
  if (now === undefined || isSameProcess(now.agentPid, now.agentStart)) return now ?? record;
  if (guardian !== undefined) {
    store.updateRecord(guarded);
    return guarded;
  }
  using init = openProcess(now.initPid, now.initStart);
  if (init === undefined) return now;
  try {
    return startGuardian(container, now, init, kept, store);
  } catch (error) {
    // Looking at a container must not fail for want of a guardian.
    if (isSyscallError(error)) return now;
    throw error;
  }
}

/** Where whoever started it was killed before its program was let go. */
function completeStart({ id }: KeptContainer, kept: KeptStore): void {
  const folder = stateFolder(id);
  if (fileType(`${folder}/${GATE_FILE}`) === 0) return;
  using lock = kept.tryLock(id);
  if (lock !== undefined) passGate(folder);
}

function startGuardian(
  container: KeptContainer,
  record: ContainerRecord,
  init: Fd,
  kept: KeptStore,
  store: StateStore,
): ContainerRecord {
  const folder = store.containerFolder(container.id);
  const { tty, log: option } = container.options;
  using streams: Pick<Fifos, "stdout" | "stderr"> & Disposable = tty
    ? NO_STREAMS
    : reopenFifos(folder);
  using log = openLog(kept.folder(container.id), option);
  const exitPath = `${folder}/${EXIT_FILE}`;
  using exit = open(exitPath, O.O_WRONLY | O.O_CREAT, 0o600);
  using pidfd = duplicate(init.number);
  const inherit = [pidfd.number, log.files.fd, log.files.indexFd, exit.number];
  if (!tty) inherit.push(streams.stdout, streams.stderr);
  const plan = planGuardian(
    {
      streams: { kind: "pipes", stdout: streams.stdout, stderr: streams.stderr },
      log: log.files,
      exitFd: exit.number,
      exitPath,
      after: afterCommand(container.id),
    },
    { pidfd: pidfd.number },
  );
  const performer = startPerformer({
    kind: "agent",
    firstSteps: [planParentGuard(process.pid)],
    inherit,
  });
  try {
    postGuardian(performer, plan);
    awaitDeputy(performer, plan);
  } catch (error) {
    destroy(performer);
    throw error;
  }
  const agentPid = performer.pid(AGENT_PAGE);
  const adopted = { ...record, agentPid, agentStart: processStart(agentPid) };
  store.updateRecord(adopted);
  return adopted;
}
