// A container whose guardian was killed gets another one from the next command that looks at it. Its
// output has waited in the fifos meanwhile. A terminal is gone with its guardian: then only the end is
// still to be learnt.

import { AGENT_PAGE } from "../../../ffi/agent/performer.ts";
import { startPerformer } from "../../../ffi/agent/start.ts";
import { isSameProcess, processStart } from "../../../ffi/agent/alive.ts";
import { O } from "../../../ffi/constants.ts";
import { duplicate, open } from "../../../ffi/fcntl.ts";
import type { Fd } from "../../../ffi/fd.ts";
import { fileType } from "../../../ffi/files.ts";
import { isSyscallError } from "../../../ffi/syscall-error.ts";
import { planGuardian } from "../../container/plan-guardian.ts";
import { destroy } from "../../container/end.ts";
import { GATE_FILE, passGate } from "../oci/gate.ts";
import { runFolder } from "../run-folder.ts";
import { type ContainerRecord, StateStore } from "../state-store.ts";
import { afterCommand } from "./after-guardian.ts";
import { EXIT_FILE } from "./exit-file.ts";
import type { KeptContainer, KeptStore } from "./kept.ts";
import { openLog } from "./log-files.ts";
import { type Fifos, reopenFifos } from "./streams.ts";
import { openProcess } from "./wait-for.ts";

const NO_STREAMS = { stdout: -1, stderr: -1, [Symbol.dispose]: () => {} };

/** The record as it is now: with another guardian, where there was none. */
export function adopt(
  container: KeptContainer,
  record: ContainerRecord,
  kept: KeptStore,
): ContainerRecord {
  completeStart(container, kept);
  if (isSameProcess(record.agentPid, record.agentStart)) return record;
  // Whoever has the lock changes the container right now: the next command will see.
  using lock = kept.tryLock(container.id);
  if (lock === undefined) return record;
  const store = new StateStore(runFolder(process.env));
  const now = store.readRecord(container.id);
  if (now === undefined || isSameProcess(now.agentPid, now.agentStart)) return now ?? record;
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
  const folder = new StateStore(runFolder(process.env)).containerFolder(id);
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
  using exit = open(`${folder}/${EXIT_FILE}`, O.O_WRONLY | O.O_CREAT | O.O_TRUNC, 0o600);
  using pidfd = duplicate(init.number);
  const inherit = [pidfd.number, log.files.fd, log.files.indexFd, exit.number];
  if (!tty) inherit.push(streams.stdout, streams.stderr);
  const { settle, guard } = planGuardian(
    {
      streams: { kind: "pipes", stdout: streams.stdout, stderr: streams.stderr },
      log: log.files,
      exitFd: exit.number,
      after: afterCommand(container.id),
    },
    { pidfd: pidfd.number },
  );
  const performer = startPerformer({ kind: "agent", firstSteps: settle, inherit });
  try {
    performer.finish(AGENT_PAGE);
  } catch (error) {
    destroy(performer);
    throw error;
  }
  performer.post(AGENT_PAGE, guard);
  const agentPid = performer.pid(AGENT_PAGE);
  const adopted = { ...record, agentPid, agentStart: processStart(agentPid) };
  store.updateRecord(adopted);
  return adopted;
}
