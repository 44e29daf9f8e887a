// Kills bunker with SIGKILL at each of its system calls in turn while it performs a run before the runtime
// starts (src/container/prelude), and looks what the next commands leave of it: some calls every day, all
// of them in tests/conformance/prelude-crash.ts.

import { readFileSync } from "node:fs";
import { KILLED, killInTurn, type Remains } from "../harness/kill-points.ts";
import { eventually } from "../harness/eventually.ts";
import { ProcessSite, removeWhenEmpty } from "../harness/site.ts";
import { type Box, cgroupHierarchies, cgroupsBelow } from "./box.ts";

/** With any variable of ours but the run folder's the runtime starts: src/container/prelude/boot.ts */
export const WITHOUT_DATA = { BUNKER_DATA: undefined } as const;

/** Who is killed: bunker alone, or at the same call the agent and the container's first process as well. */
export const VICTIMS = ["bunker", "all"] as const;
export type Victim = (typeof VICTIMS)[number];

export class PreludeCourse implements Disposable {
  /** How many were killed, and how many went another way than the first. */
  killed = 0;
  survived = 0;
  readonly #site: ProcessSite;
  readonly #parent: string;

  constructor(readonly box: Box) {
    const name = `bunker-prelude-${process.pid}`;
    this.#parent = `/${name}-parent`;
    this.#site = new ProcessSite(name);
  }

  /** Kills at every `stride`-th of the calls, beginning with the `offset`-th. */
  async take(victim: Victim, stride: number, offset = 0): Promise<Remains[]> {
    for (let times = 0; times < 2; times++) await this.#run();
    return await killInTurn({
      title: victim,
      log: this.box.path("calls"),
      // Before that it is the loader's.
      isBegun: (line) => line.startsWith("rt_sigprocmask("),
      ...{ stride, offset },
      attempt: async (flags) => {
        const isKilled = flags.some((flag) => flag.startsWith("inject="));
        await this.#trace(isKilled && victim === "all" ? ["-f", ...flags] : flags);
        return await this.#clear();
      },
    });
  }

  /**
   * Whether the run that nobody disturbed was one without the runtime, which has threads. At its end that
   * may come in, as it does now and then.
   */
  get isPreluded(): boolean {
    const [before = ""] = readFileSync(this.box.path("calls"), "utf8").split('"/proc/self/exe", [');
    return !before.includes("clone3(");
  }

  get #words(): string[] {
    const parent = ["--cgroup-parent", this.#parent];
    return ["run", "--rm", ...parent, "--rootfs", this.box.rootfs, "/bin/true"];
  }

  async #run(): Promise<string[]> {
    const options = { prefix: this.#site.prefix, env: WITHOUT_DATA };
    const outcome = await this.box.bunker(this.#words, options);
    const { exitCode, stdout, stderr } = outcome;
    return exitCode === 0 && stdout + stderr === "" ? [] : [JSON.stringify(outcome)];
  }

  async #trace(flags: readonly string[]): Promise<void> {
    const strace = [...this.#site.prefix, "strace", "-qq", ...flags];
    const child = Bun.spawn([...strace, ...this.box.command(this.#words)], {
      env: { ...process.env, ...this.box.environment, ...WITHOUT_DATA },
      cwd: this.box.folder,
      stdio: ["ignore", "ignore", "ignore"],
    });
    if ((await child.exited) === KILLED) this.killed += 1;
    else this.survived += 1;
  }

  /** What the next run says, and what it leaves once all has ended that was begun. */
  async #clear(): Promise<string[]> {
    const problems = [...(await this.#run())];
    const left = () => [...this.box.leftovers(), ...cgroupsBelow(this.#parent)];
    // A container that had begun to run by then goes on until its end.
    await eventually(async () => {
      if (left().length === 0) return true;
      problems.push(...(await this.#run()));
      return left().length === 0;
    }).catch(() => problems.push(...left()));
    const shown = await this.box.bunker(["ps", "-aq"]);
    if (shown.stdout + shown.stderr !== "") problems.push(JSON.stringify(shown));
    for (const process of await this.#site.left()) problems.push(`process ${process}`);
    return problems;
  }

  [Symbol.dispose](): void {
    this.#site[Symbol.dispose]();
    for (const hierarchy of cgroupHierarchies()) removeWhenEmpty(`${hierarchy}${this.#parent}`);
  }
}
