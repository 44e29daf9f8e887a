// The same request a second time: what a run of it does is written down for the next one, with all
// that it depends on.

import type { Step } from "../../../ffi/call.ts";
import { type Observation, observe } from "../../../ffi/observe.ts";
import { isSyscallError } from "../../../ffi/syscall-error.ts";
import { planContainer } from "../../container/plan.ts";
import { planCgroupSteps } from "../../container/plan-cgroup-steps.ts";
import type { StandIn } from "../../container/stand-ins.ts";
import {
  type Rehearsed,
  rehearseLaunch,
  writePlan,
  type WrittenPlan,
} from "../../container/write-score.ts";
import { UserError } from "../../errors.ts";
import { describeRun } from "../events/describe-run.ts";
import { planTelling } from "../events/told-by-agent.ts";
import { type Prepared, prepare } from "../prepare.ts";
import type { RunOptions } from "../run-options.ts";
import { listNamedDevices } from "../spec-devices.ts";
import { StateStore } from "../state-store.ts";
import { DATA_VARIABLE, dataFolder } from "../data-folder.ts";
import { findSpare } from "./find-spare.ts";
import { type Entry, keep, type KeptLaunch, type RunLaunch } from "./kept.ts";
import type { PlainStorage } from "../storage/container-storage.ts";
import { needsStorage } from "../storage/needs-storage.ts";
import { StorePaths } from "../../image/store/paths.ts";
import { readVariable } from "../../../ffi/environment.ts";
import type { GivenName } from "./given-name.ts";
import { planFiles, planRemoveDirectory, planRemoveFiles } from "./plan-files.ts";
import type { ParseOptions } from "./replay.ts";

const ID_LENGTH = 64;

/**
 * Keeps the launch of a request that was just met; or that there is none to be kept.
 * @param given where the request gives a name that the next one may give otherwise
 */
export async function rehearse(
  entry: Entry,
  runFolder: string,
  parse: ParseOptions,
  given?: GivenName,
): Promise<void> {
  const publish = async (launch: KeptLaunch, arena: Uint8Array): Promise<void> => {
    (await import("./prelude/publish-run.ts")).publishRun(runFolder, launch, arena);
  };
  await keepRehearsed(
    entry,
    () =>
      rehearseLaunch(ID_LENGTH, (standIn) =>
        given === undefined
          ? planRun(runFolder, parse, standIn)
          : planNamed(runFolder, parse, standIn, given),
      ),
    { publish },
  );
}

/** undefined also where those words are no name after all, or the name is in what is performed. */
async function planNamed(
  runFolder: string,
  parse: ParseOptions,
  standIn: StandIn,
  given: GivenName,
): Promise<Planned | undefined> {
  const name = `stand-in.${standIn.pid}`;
  const options = await parse(given.withName(name));
  if (options?.name !== name || !options.detach) return undefined;
  return await planRun(runFolder, async () => options, standIn);
}

export interface Planned {
  readonly written: WrittenPlan;
  readonly made: RunLaunch;
}

export interface RehearsedUse<T> {
  /** The path of a file whose text is a part of the key. */
  readonly inKey?: string;
  /** What else is made of it. */
  readonly publish?: (launch: KeptLaunch<T>, arena: Uint8Array) => Promise<void>;
}

/**
 * Keeps what is made of a request, with all that it asks of the host; or that it is not replayed.
 */
export async function keepRehearsed<T>(
  entry: Entry,
  make: () => Promise<Rehearsed<T> | undefined>,
  { inKey, publish }: RehearsedUse<T> = {},
): Promise<void> {
  const { result, observations } = await observe(() => orNothing(make));
  const asked = result && askAgain(observations, result.standIns, inKey);
  if (result === undefined || asked === undefined) {
    keep(entry, { refused: true });
    return;
  }
  const { score, arena, made } = result;
  const launch = { ...made, score, observations: asked };
  keep(entry, { launch }, arena);
  await publish?.(launch, arena);
}

/** What goes wrong here is no failure of the container, which has been made. */
async function orNothing<T>(make: () => Promise<T | undefined>): Promise<T | undefined> {
  try {
    return await make();
  } catch (error) {
    if (error instanceof UserError || isSyscallError(error)) return undefined;
    throw error;
  }
}

/** undefined for what asks for more than one process that does one call after the other. */
export async function planRun(
  runFolder: string,
  parse: ParseOptions,
  { id, pid }: Pick<StandIn, "id" | "pid">,
): Promise<Planned | undefined> {
  const options = await parse();
  if (options === undefined || !isPlain(options)) return undefined;
  if (options.networking !== undefined) {
    const { isPlainNetwork } = await import("./rehearse-network.ts");
    if (!isPlainNetwork(options)) return undefined;
  }
  if (options.detach) {
    const { planDetached } = await import("./rehearse-detached.ts");
    return await planDetached(options, runFolder, { id, pid });
  }
  const folder = new StateStore(runFolder).containerFolder(id);
  const prepared = await prepare(options, id, folder);
  using storage = prepared.storage;
  const limits = planPlainLimits(prepared);
  if (limits === undefined) return undefined;
  const { cgroups, cgroupsPath, request, spec } = prepared;
  const cgroupDirectories = cgroups.procsFiles(cgroupsPath).map(directoryOf);
  const files = planFiles(prepared, options, folder);
  const inTurn = await describeInTurn(options, prepared, id);
  if (inTurn === "not to be told") return undefined;
  const written = writePlan(planContainer({ ...request, parentPid: pid }), {
    first: [files.layer, files.told, files.mounted, ...limits],
    ...(inTurn === undefined && planTold(options, runFolder, id)),
    clear: [...cgroupDirectories.map(planRemoveDirectory), ...planRemoveFiles(prepared, folder)],
  });
  if (written === undefined) return undefined;
  const { oomScoreAdj } = spec.process ?? {};
  const spare = findSpare(runFolder, "spare");
  const made = {
    standInId: id,
    cgroupsPath,
    cgroupDirectories,
    ...(options.name === undefined ? {} : { name: options.name }),
    ...(oomScoreAdj === undefined ? {} : { oomScoreAdj }),
    ...(spare === undefined ? {} : { spare }),
    ...(storage?.plain && describeStorage(storage.plain())),
    ...inTurn,
  };
  return { written, made };
}

/** Where others are to be told of between its own events; undefined where none are. */
async function describeInTurn(
  options: RunOptions,
  prepared: Prepared,
  id: string,
): Promise<Pick<RunLaunch, "network" | "told"> | "not to be told" | undefined> {
  const isAlone = options.mounts.every(({ type }) => type !== "volume");
  if (options.networking === undefined && isAlone) return undefined;
  const { describeInForeground } = await import("./rehearse-network.ts");
  return describeInForeground(options, prepared, id);
}

/** The steps to its cgroup; undefined of what another process has a part in, or somebody is warned of. */
export function planPlainLimits(prepared: Prepared): readonly Step[] | undefined {
  const { storage, request, warnings } = prepared;
  if (storage !== undefined && (storage.plain === undefined || storage.hasHealthCheck)) {
    return undefined;
  }
  const limits = planCgroupSteps(prepared.cgroupSteps());
  return warnings.length > 0 || request.cgroupJoin.how === "none" ? undefined : limits;
}

/** As watching it tells of any other: one that fails is told of by this process. */
function planTold(options: RunOptions, runFolder: string, id: string) {
  const about = describeRun(options);
  const line = { type: "container", id } as const;
  const began = { ...line, actions: ["create", "attach", "start"], attributes: about };
  const ended = {
    ...line,
    actions: ["die", "destroy"],
    attributes: { ...about, exitCode: "0" },
  };
  return { tellBegin: planTelling(runFolder, began), tellEnd: planTelling(runFolder, ended) };
}

/** What is kept of its writable layer and of its volumes. */
export function describeStorage({
  folders,
  volumes,
}: PlainStorage): Required<Pick<RunLaunch, "layer">> & Pick<RunLaunch, "mounts"> {
  const [[folder = ""] = []] = folders;
  const data = readVariable(DATA_VARIABLE);
  const storeLock = new StorePaths(dataFolder({ [DATA_VARIABLE]: data })).lock;
  // Order: as they are taken where a run is planned.
  const locks = volumes === undefined ? [storeLock] : [storeLock, volumes.lock];
  return {
    layer: {
      folder,
      locks,
      filled: volumes?.filled ?? [],
      ...(data === undefined ? {} : { data }),
    },
    ...(volumes === undefined ? {} : { mounts: volumes.mounts }),
  };
}

export const directoryOf = (file: string): string => file.slice(0, file.lastIndexOf("/"));

/**
 * Whether a run has nothing to do for this process but to wait. A source that -v makes where it is
 * missing is there by now; were it gone, the answer to what it is would be another one.
 */
function isPlain(options: RunOptions): boolean {
  const { tty, trace, performer, pidfile, pid, ipc, network, security } = options;
  if (tty || trace || performer !== "agent") return false;
  if (!(options.detach ? isPlainDetached(options) : isPlainAttached(options))) return false;
  if (needsStorage(options) && !isOneImage(options)) return false;
  if (pidfile !== undefined) return false;
  // Other containers come and go; the host's devices are looked at in ways that are not told of.
  if (pid.kind !== "private" || ipc.kind === "container" || network.kind === "container") {
    return false;
  }
  return !security.privileged && listNamedDevices(options).length === 0;
}

/** An image that is looked for here, and at most volumes: of those that are there storage.plain decides. */
function isOneImage({ root, mounts, volumesFrom, pull }: RunOptions): boolean {
  if (root.kind !== "image" || volumesFrom !== undefined || pull === "always") return false;
  return mounts.every(({ type }) => type !== "image");
}

/** One that is kept has a guardian: that is replayed only where its caller does not read along. */
function isPlainAttached(options: RunOptions): boolean {
  const { remove, detachKeys, attach, cidfile, health, log } = options;
  if (!remove || detachKeys !== undefined || health !== undefined) return false;
  return attach === undefined && log === undefined && cidfile === undefined;
}

/** Its health is asked for by another process. */
const isPlainDetached = ({ attach, health }: RunOptions): boolean =>
  attach === undefined && health === undefined;

/** Each question once, as it is asked for the first stand-in; undefined where an answer names it. */
function askAgain(
  observations: readonly Observation[],
  [first, second]: readonly [StandIn, StandIn],
  inKey: string | undefined,
): Observation[] | undefined {
  const asked = new Set<string>();
  const again: Observation[] = [];
  for (const observation of observations) {
    const [question, about, answer] = observation;
    if (names(String(answer), first)) return undefined;
    const whole = `${question} ${about}`;
    if (names(about, second) || about === inKey || asked.has(whole)) continue;
    asked.add(whole);
    again.push(observation);
  }
  return again;
}

const names = (text: string, { id }: StandIn): boolean => id !== "" && text.includes(id);
