// A run in the background that was made before: the container is made known here, and let go, all else is
// the agent's, which becomes its guardian. What a crash leaves at any moment is what one of a run that is
// planned leaves (containers/launch-detached.ts), or of one that nobody knows of.

import { AGENT_PAGE } from "../../../ffi/agent/performer.ts";
import { readVariable } from "../../../ffi/environment.ts";
import type { Fd } from "../../../ffi/fd.ts";
import { removeFile, writeAll } from "../../../ffi/files.ts";
import { UndoStack } from "../../container/undo-stack.ts";
import { UserError } from "../../errors.ts";
import { keepQuietly } from "../containers/keep.ts";
import {
  type KeptContainer,
  type KeptOptions,
  KeptStore,
  NEVER_STARTED,
} from "../containers/kept.ts";
import { DATA_VARIABLE, dataFolder } from "../data-folder.ts";
import { makeId, makeName } from "../names.ts";
import { formatRecord, StateStore } from "../state-store.ts";
import type { KeptFile, KeptLaunch, RunLaunch } from "./kept.ts";
import { ReplayedLaunch, type Unmet } from "./launch.ts";
import { holdStore } from "./layer.ts";
import type { PendingNetwork } from "../networks/attach.ts";

/**
 * Prints the id. @param name instead of the one that it was made with
 * @throws UserError where that is another's
 */
export async function performDetached(
  file: KeptFile,
  launch: KeptLaunch,
  runFolder: string,
  name: string | undefined,
): Promise<number | Unmet> {
  const { detached } = launch;
  if (detached === undefined) throw new Error("a run in the foreground");
  const { data } = detached;
  if (readVariable(DATA_VARIABLE) !== data) return "another host";
  const options = name === undefined ? detached.options : { ...detached.options, name };
  const kept = new KeptStore(dataFolder({ [DATA_VARIABLE]: data }));
  using undo = new UndoStack();
  const started = await start(file, launch, new StateStore(runFolder), options, kept, undo);
  if (typeof started === "string") return started;
  undo.keep();
  const { id, name: ownName } = started;
  const { tellAgain, writeIdFile } = await loadLater();
  const told = isToldInTurn(launch) ? detached.started : detached.created + detached.started;
  tellAgain(runFolder, told, [id, ownName]);
  if (options.cidfile !== undefined) writeIdFile(options.cidfile, id);
  writeAll(1, `${id}\n`, "stdout");
  return 0;
}

/** Whether its creation is told before others are: its network, its volumes. */
const isToldInTurn = ({ mounts, network }: RunLaunch): boolean => (mounts ?? network) !== undefined;

/** Start-up: loaded while the agent is at work. */
const loadLater = () => import("./after-detached.ts");
const loadTellMounts = () => import("../events/tell-of-things.ts");

async function start(
  file: KeptFile,
  kept: KeptLaunch,
  states: StateStore,
  options: KeptOptions,
  store: KeptStore,
  undo: UndoStack,
): Promise<KeptContainer | Unmet> {
  // Order: before anything else, as it takes its time to load.
  const ahead = kept.network && (await import("./ahead.ts")).startAhead(kept.network, undo);
  if (ahead === "another host") return ahead;
  const id = makeId();
  const place = states.reserveUnnamed(id, options.name ?? makeName(id, 0));
  let container: KeptContainer | undefined;
  let lock: Fd | undefined;
  // Order: once everything of it is gone, and under its lock.
  undo.push(() => {
    if (container !== undefined) store.remove(container);
    lock?.[Symbol.dispose]();
  });
  undo.push(() => place.remove());
  const cgroupsPath = kept.cgroupsPath.replaceAll(kept.standInId, id);
  place.record(formatRecord(place, cgroupsPath));
  const inNetwork = kept.network && (await import("./network.ts"));
  let network: PendingNetwork | undefined;
  undo.push(() => network?.tearDown());
  const launch = await ReplayedLaunch.start(kept, file, id, undo);
  const { later, performer } = launch;
  // Order: the agent makes meanwhile what nobody sees: the fifos, the cgroup.
  container = keepQuietly(options, store, states, { id });
  // It is held until this process ends, or has undone everything.
  lock = store.lock(id);
  if (lock === undefined) {
    throw new UserError("the container was removed before it was started");
  }
  place.takeName(container.name);
  const hold = kept.layer && holdStore(kept.layer, undo);
  if (hold === "another host") return hold;
  // Order: the init process finds its files in /etc.
  if (kept.network && ahead) network = await inNetwork?.takeNetwork(kept.network, place, ahead);
  launch.goOn();
  const { EXIT_FILE, passGate, tellAgain } = await loadLater();
  const initPid = launch.findInit();
  // Order: from here on the details say that the image is in use.
  hold?.[Symbol.dispose]();
  if (typeof initPid === "string") return initPid;
  // Order: while the init process is at work, and before it may outlive its agent at the gate.
  const agentPid = performer.pid(AGENT_PAGE);
  place.record(formatRecord(place, cgroupsPath, { agentPid, initPid }));
  later.letCome(performer, kept.score);
  network?.start(initPid);
  if (isToldInTurn(kept)) {
    tellAgain(states.folder, kept.detached?.created ?? "", [id, place.name]);
    if (kept.mounts) (await loadTellMounts()).tellMounts("mount", id, kept.mounts);
  }
  const startedMs = Date.now();
  const tellRunning = store.prepareStatus(id, { ...NEVER_STARTED, status: "running", startedMs });
  const unmet = launch.comeToGate();
  if (unmet !== undefined) return unmet;
  network?.finish();
  // Order: before the processes are ended, as a deputy does not go on where that file is gone.
  undo.push(() => removeFile(`${place.folder}/${EXIT_FILE}`));
  later.startGuarding(performer, kept.score);
  // Order: what is said to run has somebody who knows of its end, also where this process is killed now.
  later.awaitDeputy(performer, kept.score);
  tellRunning();
  if (!passGate(place.folder, () => store.makeLasting(id))) return "failed";
  if (!later.hasExecuted(performer, kept.score)) return "failed";
  launch.hasEnded = true;
  return container;
}
