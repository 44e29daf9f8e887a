// Kills the runtime, or a prelude, with SIGKILL at each of its system calls in turn, and looks whether `delete --force`
// then leaves nothing: every fifteenth call every day, all of them in tests/conformance/oci-kill.ts.
//
// strace counts for us: a first run shows which calls there are, and in the n-th run the signal comes
// with the n-th of them. Where it comes in a run that goes another way, nobody is killed: no harm.

import { existsSync, readdirSync } from "node:fs";
import { KILLED, killInTurn, type Remains } from "../harness/kill-points.ts";
import { ProcessSite } from "../harness/site.ts";
import { cgroupsBelow, mountsBelow } from "../run/box.ts";
import type { Spec } from "../../src/oci/spec.ts";
import { type OciBox, DETACHED } from "./oci-box.ts";

/** The verbs that make or take away something. */
export const VERBS = ["create", "run", "run -d", "start", "exec", "kill", "delete"] as const;
export type KilledVerb = (typeof VERBS)[number];

const ID = "killed";

/** The verbs that are performed before the runtime starts, from the third time on. */
export const PRELUDED = ["create", "run", "start", "delete"] as const satisfies KilledVerb[];
const ROUNDS_BEFORE = 3;

/** Whether what is killed is the runtime, or what is performed in its place. */
export type Killed = "runtime" | "prelude";

export class KillCourse implements Disposable {
  readonly #bundle: string;
  /** How many were killed, and how many went another way than the first. */
  killed = 0;
  survived = 0;
  readonly #site: ProcessSite;

  constructor(
    readonly box: OciBox,
    readonly whom: Killed = "runtime",
    change: (spec: Spec) => Spec = (spec) => spec,
  ) {
    this.#site = new ProcessSite(`${box.cgroup.slice(1)}-course`);
    this.#bundle = box.bundle("exec sleep 600", (spec) =>
      change({ ...spec, linux: { ...spec.linux, cgroupsPath: `${box.cgroup}/${ID}` } }),
    );
  }

  /** Kills `verb` at every `stride`-th of its calls, beginning with the `offset`-th. */
  async take(verb: KilledVerb, stride: number, offset = 0): Promise<Remains[]> {
    const attempt = async (flags: readonly string[]): Promise<string[]> => {
      await this.#prepare(verb);
      await this.#trace(verb, flags);
      return await this.#clear();
    };
    if (this.whom === "prelude") {
      for (let round = 0; round < ROUNDS_BEFORE; round++) await attempt(["-o", "/dev/null"]);
    }
    return await killInTurn({
      title: `${verb}, ${this.whom}`,
      log: this.box.box.path("calls"),
      // From where it has found out what it is to do.
      isBegun: (line) => line.includes(this.box.root) || line.includes(this.#bundle),
      ...{ attempt, stride, offset },
    });
  }

  /** What must be there before. */
  async #prepare(verb: KilledVerb): Promise<void> {
    if (verb === "create" || verb === "run" || verb === "run -d") return;
    await this.box.ok(["create", "--bundle", this.#bundle, ID], DETACHED);
    if (verb !== "start") await this.box.ok(["start", ID], DETACHED);
    if (verb === "delete") await this.box.ok(["kill", ID, "KILL"], DETACHED);
  }

  async #trace(verb: KilledVerb, flags: readonly string[]): Promise<void> {
    const strace = ["strace", "-qq", ...flags];
    const prefix = [...(DETACHED.prefix ?? []), ...this.#site.prefix, ...strace];
    // What looks like a variable of systemd's is the runtime's to read.
    const env = this.whom === "runtime" ? { LISTEN_TO: "nobody" } : {};
    const child = this.box.oci(this.#arguments(verb), { env, prefix, timeoutMs: 20_000 });
    // In the foreground it goes on until it is ended; where it was killed there is nothing to end.
    if (verb === "run") await this.#endOnceRunning(child);
    const { exitCode } = await child;
    if (exitCode === KILLED) this.killed += 1;
    else this.survived += 1;
  }

  async #endOnceRunning(child: Promise<unknown>): Promise<void> {
    let over = false;
    void child.finally(() => (over = true));
    while (!over) {
      const { stdout } = await this.box.oci(["state", ID]);
      if (stdout.includes('"running"')) await this.box.oci(["kill", ID, "KILL"]);
      await Bun.sleep(20);
    }
  }

  #arguments(verb: KilledVerb): string[] {
    switch (verb) {
      case "create":
      case "run":
        return [verb, "--bundle", this.#bundle, ID];
      case "run -d":
        return ["run", "-d", "--bundle", this.#bundle, ID];
      case "exec":
        return ["exec", ID, "/bin/true"];
      case "kill":
        return ["kill", ID, "KILL"];
      case "start":
      case "delete":
        return [verb, ID];
    }
  }

  /** `delete --force`, and what it has left. */
  async #clear(): Promise<string[]> {
    const problems: string[] = [];
    const { exitCode, stderr } = await this.box.oci(["delete", "--force", ID]);
    if (exitCode !== 0) problems.push(`delete --force ended with ${exitCode}: ${stderr}`);
    if (existsSync(`${this.box.root}/${ID}`)) {
      problems.push(`state: ${readdirSync(`${this.box.root}/${ID}`).join(" ")}`);
    }
    for (const cgroup of cgroupsBelow(this.box.cgroup)) problems.push(`cgroup ${cgroup}`);
    for (const mount of mountsBelow(this.box.box.folder)) problems.push(`mount ${mount}`);
    for (const pid of await this.#site.left()) problems.push(`process ${pid}`);
    return problems;
  }

  [Symbol.dispose](): void {
    this.#site[Symbol.dispose]();
  }
}
