// Who is who among the processes of a container that is being made, or has a guardian.

import { readdirSync, readFileSync, readlinkSync } from "node:fs";
import { processStat } from "../../ffi/agent/alive.ts";

export interface Processes {
  readonly agentPid: number;
  readonly initPid: number;
}

/** Of a container's state folder; undefined where nothing is written yet, or any more. */
export function readRecord(folder: string): Processes | undefined {
  try {
    return JSON.parse(readFileSync(`${folder}/state.json`, "utf8")) as Processes;
  } catch {
    return undefined;
  }
}

/** Agents that have made, or are to make, an init process. */
export function findGuardians(pids: readonly number[]): number[] {
  const agents = pids.filter((pid) => !isProgram(pid));
  return agents.filter((pid) => !agents.includes(parentOf(pid)));
}

/** Its child in a pid namespace of its own. */
export function findInit(guardian: number): number | undefined {
  const own = link(guardian, "ns/pid");
  return childrenOf(guardian).find((pid) => {
    const namespace = link(pid, "ns/pid");
    return namespace !== "" && namespace !== own;
  });
}

/** Whether it is a user's program by now, and no part of bunker. */
export const isProgram = (pid: number): boolean => {
  const path = link(pid, "exe");
  return path !== "" && !path.includes("memfd:bunker-agent");
};

function link(pid: number, name: string): string {
  try {
    return readlinkSync(`/proc/${pid}/${name}`);
  } catch {
    return "";
  }
}

const parentOf = (pid: number): number => Number(processStat(pid)?.[1] ?? 0);

export function childrenOf(pid: number): number[] {
  try {
    const text = readFileSync(`/proc/${pid}/task/${pid}/children`, "utf8");
    return text.trim().split(" ").map(Number);
  } catch {
    return [];
  }
}

/** Whether a process has a watch of inotify(7): from then on it misses nothing. */
export function isWatching(pid: number): boolean {
  const folder = `/proc/${pid}/fdinfo`;
  return readdirSync(folder).some((fd) => textOf(`${folder}/${fd}`).includes("inotify wd:"));
}

/** "" where it was closed since it was listed. */
function textOf(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return "";
  }
}
