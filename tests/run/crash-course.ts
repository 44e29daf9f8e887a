// Runs many containers, some of them killed at random moments, and looks for what is left after the
// next command: a short course for every day, the full one in tests/conformance/crash.ts.

import { existsSync, mkdirSync, readFileSync, rmdirSync } from "node:fs";
import { bunker } from "../harness/bunker.ts";
import { processesLeftIn } from "../harness/kill-points.ts";
import { type Box, cgroupHierarchies, cgroupsBelow } from "./box.ts";

export interface Course {
  /** How many run one after the other. */
  readonly runs: number;
  /** How many of those are killed with SIGKILL. */
  readonly killed: number;
  /** How many run at the same time, afterwards, twice: undisturbed, and all killed. */
  readonly parallel: number;
}

/** What was found after the course; a good result is all empty. */
export interface Remains {
  /** Runs that nobody disturbed and that failed all the same. */
  readonly failures: readonly string[];
  readonly folders: readonly string[];
  readonly cgroups: readonly string[];
  readonly processes: readonly string[];
}

/** Takes the course in `box`, with a cgroup of its own to tell its processes from others'. */
export async function takeCourse(box: Box, course: Course): Promise<Remains> {
  const name = `bunker-course-${process.pid}`;
  const site = new CourseSite(box, name);
  try {
    const failures = await site.run(course);
    await site.runOne([]);
    return {
      failures,
      folders: box.leftovers(),
      cgroups: cgroupsBelow(`/${name}-parent`),
      processes: await site.processesLeft(),
    };
  } finally {
    site.remove();
  }
}

/** Where a course's processes are: the first hierarchy's own cgroup, children inherit it. */
class CourseSite {
  readonly #cgroup: string;
  readonly #parents: readonly string[];
  #longestMs = 0;

  constructor(
    readonly box: Box,
    readonly name: string,
  ) {
    const hierarchies = cgroupHierarchies();
    this.#cgroup = `${hierarchies[0]}/${name}`;
    this.#parents = hierarchies.map((hierarchy) => `${hierarchy}/${name}-parent`);
    mkdirSync(this.#cgroup);
  }

  async run({ runs, killed, parallel }: Course): Promise<string[]> {
    const failures: string[] = [];
    // The first shows how long a run takes, so that the killed ones die in each part of it.
    for (let i = 0; i < 3; i++) failures.push(...(await this.runOne([])));
    const every = Math.max(1, Math.floor(runs / killed));
    for (let i = 3; i < runs; i++) {
      if (i % every === 0) await this.killOne();
      else failures.push(...(await this.runOne([])));
    }
    const several = Array.from({ length: parallel });
    failures.push(...(await Promise.all(several.map(() => this.runOne([])))).flat());
    await Promise.all(several.map(() => this.killOne()));
    return failures;
  }

  /** An undisturbed run: what was wrong with it. */
  async runOne(flags: readonly string[]): Promise<string[]> {
    const start = performance.now();
    const outcome = await bunker(this.#args(flags), this.#options());
    this.#longestMs = Math.max(this.#longestMs, performance.now() - start);
    const { exitCode, stdout, stderr } = outcome;
    return exitCode === 0 && stdout === "" && stderr === "" ? [] : [JSON.stringify(outcome)];
  }

  async killOne(): Promise<void> {
    const child = Bun.spawn(this.#command(), {
      env: { ...process.env, BUNKER_RUN: this.box.runFolder },
      stdio: ["ignore", "ignore", "ignore"],
    });
    await Bun.sleep(Math.random() * this.#longestMs);
    child.kill("SIGKILL");
    await child.exited;
  }

  #flip = 0;

  /** In turn a rootfs and the host image, below a cgroup parent of the course and the usual one. */
  #args(flags: readonly string[]): string[] {
    this.#flip += 1;
    const root = this.#flip % 2 === 0 ? [] : ["--rootfs", this.box.rootfs];
    const parent = ["--cgroup-parent", `/${this.name}-parent`];
    return ["run", "-m", "64m", "--pids-limit", "20", ...parent, ...flags, ...root, "/bin/true"];
  }

  #options() {
    return { env: { BUNKER_RUN: this.box.runFolder }, prefix: this.#prefix() };
  }

  #prefix(): string[] {
    return ["/bin/sh", "-c", `echo $$ > ${this.#cgroup}/cgroup.procs; exec "$@"`, "sh"];
  }

  #command(): string[] {
    return [...this.#prefix(), ...this.box.command(this.#args([]))];
  }

  /** The processes of the course that still run, given a moment to die. */
  async processesLeft(): Promise<string[]> {
    const left = await processesLeftIn(this.#cgroup);
    return left.map(describeProcess).filter((text) => text !== "");
  }

  remove(): void {
    for (const pid of readFileSync(`${this.#cgroup}/cgroup.procs`, "utf8").split("\n")) {
      if (pid !== "") process.kill(Number(pid), "SIGKILL");
    }
    for (const folder of [...this.#parents, this.#cgroup]) removeWhenEmpty(folder);
  }
}

function removeWhenEmpty(folder: string): void {
  for (let tries = 0; existsSync(folder) && tries < 50; tries++) {
    try {
      rmdirSync(folder);
    } catch {
      Bun.sleepSync(20);
    }
  }
}

function describeProcess(pid: string): string {
  try {
    const comm = readFileSync(`/proc/${pid}/comm`, "utf8").trim();
    const state = /^State:\s*(\S)/m.exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[1];
    return state === "Z" ? "" : `${pid} ${comm} (${state})`;
  } catch {
    return "";
  }
}
