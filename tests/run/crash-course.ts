// Runs many containers, some of them killed at random moments, and looks for what is left after the
// next command: a short course for every day, the full one in tests/conformance/crash.ts.

import { existsSync, rmdirSync } from "node:fs";
import { bunker } from "../harness/bunker.ts";
import { ProcessSite } from "../harness/site.ts";
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
  using site = new ProcessSite(name);
  using runner = new Runner(box, site);
  const failures = await runner.run(course);
  await runner.runOne([]);
  return {
    failures,
    folders: box.leftovers(),
    cgroups: cgroupsBelow(`/${name}-parent`),
    processes: await site.left(),
  };
}

class Runner implements Disposable {
  #longestMs = 0;

  constructor(
    readonly box: Box,
    readonly site: ProcessSite,
  ) {}

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
    const parent = ["--cgroup-parent", `/${this.site.name}-parent`];
    const limits = ["-m", "64m", "--pids-limit", "20"];
    return ["run", "--rm", ...limits, ...parent, ...flags, ...root, "/bin/true"];
  }

  #options() {
    return { env: { BUNKER_RUN: this.box.runFolder }, prefix: this.site.prefix };
  }

  #command(): string[] {
    return [...this.site.prefix, ...this.box.command(this.#args([]))];
  }

  /** The parents of the containers' cgroups, which stay as docker's do. */
  [Symbol.dispose](): void {
    for (const hierarchy of cgroupHierarchies()) {
      const parent = `${hierarchy}/${this.site.name}-parent`;
      if (existsSync(parent)) rmdirSync(parent);
    }
  }
}
