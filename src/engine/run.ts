// `run`: options in, the container's exit status out. The rooms of DESIGN.md in a row.

import { applySteps } from "../../cgroups/steps.ts";
import { mkdirSync, writeFileSync } from "node:fs";
import { prepareErrno } from "../../ffi/library.ts";
import { TraceSink } from "../../ffi/trace.ts";
import {
  type Created,
  createContainer,
  destroy,
  type LaunchOptions,
  startContainer,
} from "../container/launch.ts";
import { planContainer } from "../container/plan.ts";
import { UndoStack } from "../container/undo-stack.ts";
import { makeId, makeName } from "./names.ts";
import { type Prepared, prepare } from "./prepare.ts";
import type { RunOptions } from "./run-options.ts";
import { type Reservation, runFolder, StateStore } from "./state-store.ts";
import { processStart, sweep } from "./sweep.ts";
import { watchContainer } from "./watch.ts";

/**
 * Runs a container in the foreground and waits for its end.
 * @returns its exit code, 128 + the signal that killed it, 126 or 127 where the command could not
 * be executed
 * @throws UserError, SyscallError: then nothing is left of it
 */
export async function runContainer(options: RunOptions): Promise<number> {
  prepareErrno();
  const id = makeId();
  const store = new StateStore(runFolder(process.env));
  using undo = new UndoStack();
  const place = store.reserve(id, options.name ?? makeName());
  undo.push(() => place.remove());
  const prepared = prepare(options, id, place.folder);
  for (const warning of prepared.warnings) warn(warning);
  const created = create(options, prepared, place, undo);
  writeIdFiles(options, id, created.initPid);
  place.write("state.json", recordOf(prepared, place, created));
  const watch = startContainer(created);
  const status = await watchContainer(created, watch, prepared, {
    onIdle: () => sweep(store, () => prepared.cgroups),
  });
  return status;
}

function create(
  options: RunOptions,
  prepared: Prepared,
  place: Reservation,
  undo: UndoStack,
): Created {
  const { cgroups, cgroupsPath, spec, request } = prepared;
  place.write("state.json", recordOf(prepared, place));
  writeFiles(prepared, place);
  const plan = planContainer(request);
  undo.push(() => cgroups.remove(cgroupsPath));
  const launch: LaunchOptions = {
    performer: options.performer,
    cgroupFirst: cgroups.join(cgroupsPath).how === "clone-into",
    meanwhile: () => void applySteps(prepared.cgroupSteps),
    ...(request.cgroupJoin.how === "none"
      ? { joinFromOutside: (pid: number) => moveInto(cgroups.procsFiles(cgroupsPath), pid) }
      : {}),
    ...(options.trace ? { trace: new TraceSink(printTrace) } : {}),
  };
  const created = createContainer(spec, plan, launch);
  undo.push(() => destroy(created.performer));
  return created;
}

function writeFiles(prepared: Prepared, place: Reservation): void {
  mkdirSync(`${place.folder}/scratch`, { mode: 0o700 });
  for (const { name, text } of prepared.etcFiles) {
    writeFileSync(`${place.folder}/${name}`, text, { mode: 0o644 });
  }
  place.write("config.json", JSON.stringify(prepared.spec));
}

function recordOf(prepared: Prepared, place: Reservation, created?: Created): string {
  return JSON.stringify({
    id: place.id,
    name: place.name,
    status: created === undefined ? "creating" : "running",
    createdMs: Date.now(),
    cgroupsPath: prepared.cgroupsPath,
    agentPid: created?.agentPid ?? 0,
    initPid: created?.initPid ?? 0,
    agentStart: created === undefined ? "" : processStart(created.agentPid),
    initStart: created === undefined ? "" : processStart(created.initPid),
  });
}

function moveInto(procsFiles: readonly string[], pid: number): void {
  for (const file of procsFiles) writeFileSync(file, String(pid));
}

function writeIdFiles({ cidfile, pidfile }: RunOptions, id: string, pid: number): void {
  if (cidfile !== undefined) writeFileSync(cidfile, id, { flag: "wx" });
  if (pidfile !== undefined) writeFileSync(pidfile, String(pid));
}

function warn(line: string): void {
  writeFileSync(2, `bunker: warning: ${line}\n`);
}

function printTrace({
  why,
  call,
  result,
  us,
}: {
  why: string;
  call: string;
  result: string;
  us: number;
}): void {
  writeFileSync(2, `${us.toFixed(1).padStart(9)} µs  ${call} = ${result}  # ${why}\n`);
}
