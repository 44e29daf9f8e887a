// Where the processes of a test are, whatever becomes of who started them: a cgroup of the first hierarchy,
// in which every child stays that is no container.

import { existsSync, mkdirSync, readFileSync, rmdirSync } from "node:fs";
import { isProcessAlive } from "../../ffi/agent/alive.ts";
import { cgroupHierarchies } from "../run/box.ts";

const PATIENCE_MS = 1000;
const PAUSE_MS = 20;

export class ProcessSite implements Disposable {
  readonly path: string;

  constructor(readonly name: string = `bunker-site-${process.pid}`) {
    this.path = `${cgroupHierarchies()[0]}/${name}`;
    mkdirSync(this.path);
  }

  /** Words before a command that starts it here. */
  get prefix(): string[] {
    return ["/bin/sh", "-c", `echo $$ > ${this.path}/cgroup.procs; exec "$@"`, "sh"];
  }

  /** Those that have not ended. */
  pids(): number[] {
    const lines = readFileSync(`${this.path}/cgroup.procs`, "utf8").split("\n").slice(0, -1);
    return lines.map(Number).filter((pid) => isProcessAlive(pid));
  }

  /** Those that are still there after a moment to die, a line each: pid, name, state. */
  async left(): Promise<string[]> {
    const end = performance.now() + PATIENCE_MS;
    while (this.pids().length > 0 && performance.now() < end) await Bun.sleep(PAUSE_MS);
    return this.pids().map(describeProcess);
  }

  /** Ends whoever is left. */
  [Symbol.dispose](): void {
    removeWhenEmpty(this.path, () => {
      for (const pid of this.pids()) tryKill(pid);
    });
  }
}

const REMOVE_TRIES = 50;

/** Removes a cgroup that is there, after a while if need be. @param empty is done before each try */
export function removeWhenEmpty(folder: string, empty: () => void = () => {}): void {
  for (let tries = 0; existsSync(folder) && tries < REMOVE_TRIES; tries++) {
    empty();
    if (tryRemove(folder)) return;
    Bun.sleepSync(PAUSE_MS);
  }
}

/** Whether it was there to be killed. Security: never 0 or 1, which are not the test's. */
export function tryKill(pid: number): boolean {
  if (pid <= 1 || !isProcessAlive(pid)) return false;
  try {
    process.kill(pid, "SIGKILL");
    return true;
  } catch {
    return false;
  }
}

/** Kernel: EBUSY until the last process is gone. */
function tryRemove(folder: string): boolean {
  try {
    rmdirSync(folder);
    return true;
  } catch {
    return false;
  }
}

function describeProcess(pid: number): string {
  const state = /^State:\s*(\S)/m.exec(readProc(pid, "status"))?.[1] ?? "gone";
  return `${pid} ${readProc(pid, "comm").trim()} (${state})`;
}

/** "" where the process is gone. */
function readProc(pid: number, file: string): string {
  try {
    return readFileSync(`/proc/${pid}/${file}`, "utf8");
  } catch {
    return "";
  }
}
