// Runs many containers, some of them killed at random moments, and looks for what is left after the
// next command: a short course for every day, the full one in tests/conformance/crash.ts.

import { ProcessSite, removeWhenEmpty } from "../harness/site.ts";
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
  const parent = `/${name}-parent`;
  // Order: gone after the processes that are in them.
  using _parents = new Parents(parent);
  using site = new ProcessSite(name);
  const runner = new Runner(box, site, parent);
  const failures = await runner.run(course);
  await runner.runOne();
  return {
    failures,
    folders: box.leftovers(),
    cgroups: cgroupsBelow(parent),
    processes: await site.left(),
  };
}

/** The parents of the containers' cgroups, which stay as docker's do. */
class Parents implements Disposable {
  constructor(private readonly name: string) {}

  [Symbol.dispose](): void {
    for (const hierarchy of cgroupHierarchies()) removeWhenEmpty(`${hierarchy}${this.name}`);
  }
}

class Runner {
  #longestMs = 0;

  constructor(
    readonly box: Box,
    readonly site: ProcessSite,
    readonly parent: string,
  ) {}

  async run({ runs, killed, parallel }: Course): Promise<string[]> {
    const failures: string[] = [];
    // The first shows how long a run takes, so that the killed ones die in each part of it.
    for (let i = 0; i < 3; i++) failures.push(...(await this.runOne()));
    const every = Math.max(1, Math.floor(runs / killed));
    for (let i = 3; i < runs; i++) {
      if (i % every === 0) await this.killOne();
      else failures.push(...(await this.runOne()));
    }
    const several = Array.from({ length: parallel });
    failures.push(...(await Promise.all(several.map(() => this.runOne()))).flat());
    await Promise.all(several.map(() => this.killOne()));
    return failures;
  }

  /** An undisturbed run: what was wrong with it. */
  async runOne(): Promise<string[]> {
    const start = performance.now();
    const outcome = await this.box.bunker(this.#args(), { prefix: this.site.prefix });
    this.#longestMs = Math.max(this.#longestMs, performance.now() - start);
    const { exitCode, stdout, stderr } = outcome;
    return exitCode === 0 && stdout === "" && stderr === "" ? [] : [JSON.stringify(outcome)];
  }

  async killOne(): Promise<void> {
    const child = Bun.spawn([...this.site.prefix, ...this.box.command(this.#args())], {
      env: { ...process.env, ...this.box.environment },
      stdio: ["ignore", "ignore", "ignore"],
    });
    await Bun.sleep(Math.random() * this.#longestMs);
    child.kill("SIGKILL");
    await child.exited;
  }

  #flip = 0;

  /** In turn a rootfs and the host image, below a cgroup parent of the course and the usual one. */
  #args(): string[] {
    this.#flip += 1;
    const root = this.#flip % 2 === 0 ? [] : ["--rootfs", this.box.rootfs];
    const parent = ["--cgroup-parent", this.parent];
    const limits = ["-m", "64m", "--pids-limit", "20"];
    return ["run", "--rm", ...limits, ...parent, ...root, "/bin/true"];
  }
}
