// The same request a second time: what a run of it does is written down for the next one, with all
// that it depends on.

import { type Call, Slot, type Step } from "../../../ffi/call.ts";
import { AT_FDCWD, close, mkdirat, openat, write } from "../../../ffi/calls.ts";
import { AT, O } from "../../../ffi/constants.ts";
import { type Observation, observe } from "../../../ffi/observe.ts";
import { planContainer } from "../../container/plan.ts";
import { planCgroupSteps } from "../../container/plan-cgroup-steps.ts";
import { STAND_IN_ID, STAND_IN_PID } from "../../container/score.ts";
import { writeScore, type WrittenScore } from "../../container/write-score.ts";
import { type Prepared, prepare } from "../prepare.ts";
import type { RunOptions } from "../run-options.ts";
import { StateStore } from "../state-store.ts";
import { keep, type KeptLaunch } from "./kept.ts";
import type { ParseOptions } from "./replay.ts";

/** Keeps the launch of a request that was just met; or that there is none to be kept. */
export async function rehearse(
  path: string,
  key: string,
  runFolder: string,
  parse: ParseOptions,
): Promise<void> {
  const { result, observations } = await observe(() => makeLaunch(runFolder, parse));
  const depends = withoutDoubles(observations);
  // What was asked about the container's own folder cannot be asked again.
  if (result === undefined || JSON.stringify(depends).includes(STAND_IN_ID)) {
    keep(path, { key, refused: true });
    return;
  }
  const { launch, written } = result;
  keep(path, { key, launch: { ...launch, observations: depends } }, written.arena);
}

export interface Rehearsal {
  readonly launch: Omit<KeptLaunch, "observations">;
  readonly written: WrittenScore;
}

/**
 * undefined for what asks for more than one process that does one call after the other.
 * @param id of the container, and `pid` of whoever makes it
 */
export async function makeLaunch(
  runFolder: string,
  parse: ParseOptions,
  id = STAND_IN_ID,
  pid = STAND_IN_PID,
): Promise<Rehearsal | undefined> {
  const options = await parse();
  if (options === undefined || !isPlain(options)) return undefined;
  const folder = new StateStore(runFolder).containerFolder(id);
  const prepared = await prepare(options, id, folder);
  const { cgroups, cgroupsPath, request, spec, warnings } = prepared;
  const limits = planCgroupSteps(prepared.cgroupSteps());
  if (limits === undefined || warnings.length > 0 || request.cgroupJoin.how !== "self") {
    return undefined;
  }
  const plan = planContainer({ ...request, parentPid: pid });
  const cgroupDirectories = cgroups.procsFiles(cgroupsPath).map(directoryOf);
  const written = writeScore(plan, {
    first: [planFiles(prepared, folder), ...limits],
    clear: [...cgroupDirectories.map(planRemoveDirectory), ...planRemoveFiles(prepared, folder)],
  });
  if (written === undefined) return undefined;
  const { oomScoreAdj } = spec.process ?? {};
  const launch = {
    score: written.score,
    cgroupsPath,
    cgroupDirectories,
    ...(options.name === undefined ? {} : { name: options.name }),
    ...(oomScoreAdj === undefined ? {} : { oomScoreAdj }),
  };
  return { launch, written };
}

const directoryOf = (file: string): string => file.slice(0, file.lastIndexOf("/"));

/** Whether a run has nothing to do for this process but to wait. */
function isPlain(options: RunOptions): boolean {
  const { tty, trace, performer, cidfile, pidfile, pid, ipc, network, security } = options;
  if (tty || trace || performer !== "agent") return false;
  if (cidfile !== undefined || pidfile !== undefined) return false;
  // Other containers come and go; the host's devices are looked at in ways that are not told of.
  if (pid.kind !== "private" || ipc.kind === "container" || network.kind === "container") {
    return false;
  }
  return !security.privileged && options.devices.length === 0 && !namesDevices(options);
}

function namesDevices({ resources, mounts }: RunOptions): boolean {
  const { deviceReadBps, deviceWriteBps, deviceReadIops, deviceWriteIops } = resources;
  const lists = [deviceReadBps, deviceWriteBps, deviceReadIops, deviceWriteIops];
  // A source that is made where it is missing is a change that each run makes anew.
  return lists.some((list) => list !== undefined) || mounts.some(makesSource);
}

const makesSource = (mount: RunOptions["mounts"][number]): boolean =>
  mount.type === "bind" && mount.createSource;

/** The container's files in its state folder. */
function planFiles({ etcFiles, request, spec }: Prepared, folder: string): Step {
  const calls: Call[] = [];
  if (request.rootSource.kind === "host") {
    calls.push(mkdirat(AT_FDCWD, `${folder}/scratch`, 0o700));
  }
  for (const { name, text } of etcFiles) calls.push(...planFile(`${folder}/${name}`, text, 0o644));
  calls.push(...planFile(`${folder}/config.json`, JSON.stringify(spec), 0o600));
  return { why: "the container's files in its state folder", calls };
}

/** Their number and names are those of the state folder, but for the record. */
function planRemoveFiles({ etcFiles, request }: Prepared, folder: string): Call[] {
  const calls: Call[] = [];
  for (const { name } of etcFiles) calls.push(planRemove(`${folder}/${name}`, 0));
  calls.push(planRemove(`${folder}/config.json`, 0));
  if (request.rootSource.kind === "host") calls.push(planRemoveDirectory(`${folder}/scratch`));
  return calls;
}

const planRemoveDirectory = (path: string): Call => planRemove(path, AT.AT_REMOVEDIR);

const planRemove = (path: string, flags: number): Call => ({
  name: "unlinkat",
  args: [AT_FDCWD, path, flags],
  tolerate: "any",
});

function planFile(path: string, text: string, mode: number): Call[] {
  const fd = new Slot(path);
  const flags = O.O_WRONLY | O.O_CREAT | O.O_TRUNC;
  return [
    openat(AT_FDCWD, path, flags, { into: fd }, mode),
    ...(text === "" ? [] : [write(fd, text, { path })]),
    close(fd),
  ];
}

function withoutDoubles(observations: readonly Observation[]): Observation[] {
  const seen = new Set<string>();
  return observations.filter(([question, about]) => {
    const asked = `${question} ${about}`;
    return !seen.has(asked) && seen.add(asked);
  });
}
