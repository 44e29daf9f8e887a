// Kills bunker with SIGKILL at each of its system calls in turn while it does something to a container
// that is kept, and looks whether `ps -a` is right then, `rm -f` works, and nothing is left: some calls
// every day, all of them in tests/conformance/containers-crash.ts.
//
// strace counts for us: a first run shows which calls there are, and in the n-th run the signal comes
// with the n-th of them.

import { KILLED, killInTurn, type Remains } from "../harness/kill-points.ts";
import { ProcessSite } from "../harness/site.ts";
import { bunkerCommand } from "../harness/bunker.ts";
import { type Box, cgroupsOf, listFolder, mountsBelow, pidsIn } from "../run/box.ts";

/** The verbs that change something; `again`: as it is replayed from what was written down before. */
export const VERBS = [
  "run -d",
  "run -d again",
  "run",
  "create",
  "start",
  "stop",
  "kill",
  "rm",
  "rm -f",
] as const;
export type KilledVerb = (typeof VERBS)[number];

const NAME = "killed";
const STATES = ["created", "running", "exited", "removing"];

export class CrashCourse implements Disposable {
  killed = 0;
  survived = 0;
  readonly #site: ProcessSite;

  constructor(readonly box: Box) {
    this.#site = new ProcessSite();
  }

  /** Kills `verb` at every `stride`-th of its calls, beginning with the `offset`-th. */
  async take(verb: KilledVerb, stride: number, offset = 0): Promise<Remains[]> {
    if (verb === "run -d again") await this.#rehearse(verb);
    return await killInTurn({
      title: verb,
      log: this.box.path("calls"),
      isBegun: (line) => line.includes(`"${this.box.folder}/`),
      ...{ stride, offset },
      attempt: async (flags) => {
        await this.#prepare(verb);
        await this.#trace(verb, flags);
        return await this.#clear();
      },
    });
  }

  /** The third of the same in the same environment is replayed, and so are those after it. */
  async #rehearse(verb: KilledVerb): Promise<void> {
    for (let times = 0; times < 2; times++) {
      await this.#trace(verb, ["-o", this.box.path("calls")]);
      await this.#clear();
    }
  }

  /** What must be there before. */
  async #prepare(verb: KilledVerb): Promise<void> {
    if (verb.startsWith("run") || verb === "create") return;
    await this.#bunker(verb === "start" || verb === "rm" ? "create" : "run -d");
  }

  async #bunker(verb: KilledVerb): Promise<void> {
    const { exitCode, stderr } = await this.box.bunker(this.#arguments(verb));
    if (exitCode !== 0) throw new Error(`${verb}: ${stderr}`);
  }

  async #trace(verb: KilledVerb, flags: readonly string[]): Promise<void> {
    const command = [...bunkerCommand(), ...this.#arguments(verb)];
    const child = Bun.spawn([...this.#site.prefix, "strace", "-qq", ...flags, ...command], {
      env: { ...process.env, ...this.box.environment },
      stdio: ["ignore", "ignore", "ignore"],
    });
    if ((await child.exited) === KILLED) this.killed += 1;
    else this.survived += 1;
  }

  #arguments(verb: KilledVerb): string[] {
    const container = ["--name", NAME, "--rootfs", this.box.rootfs, "/bin/sleep"];
    switch (verb) {
      case "run -d":
      case "run -d again":
        return ["run", "-d", ...container, "600"];
      case "run":
        return ["run", ...container, "0.1"];
      case "create":
        return ["create", ...container, "600"];
      case "stop":
        return ["stop", "-t", "0", NAME];
      case "rm -f":
        return ["rm", "-f", NAME];
      case "start":
      case "kill":
      case "rm":
        return [verb, NAME];
    }
  }

  /** What the next commands say, and what they leave. */
  async #clear(): Promise<string[]> {
    const problems: string[] = [];
    const ids = this.#ids();
    const shown = await this.box.bunker(["ps", "-a", "--format", "{{.Names}} {{.State}}"]);
    if (shown.exitCode !== 0) problems.push(`ps -a: ${shown.stderr}`);
    for (const line of shown.stdout.split("\n").slice(0, -1)) {
      const [name = "", state = ""] = line.split(" ");
      if (name !== NAME || !STATES.includes(state)) problems.push(`ps -a shows ${line}`);
      if (state === "running") continue;
      const pids = await this.#processesOf(ids);
      if (pids.length > 0) problems.push(`ps -a shows ${line}, with processes ${pids.join(" ")}`);
    }
    const removed = await this.box.bunker(["rm", "-f", NAME]);
    if (removed.exitCode !== 0) problems.push(`rm -f: ${removed.stderr}`);
    // What was never known by its name is cleared by the next command that makes something.
    const next = await this.box.bunker(["system", "prune", "-f"]);
    if (next.exitCode !== 0) problems.push(`system prune: ${next.stderr}`);
    for (const folder of ["run/containers", "run/names", "data/containers", "data/names"]) {
      const left = listFolder(this.box.path(folder));
      if (left.length > 0) problems.push(`${folder}: ${left.join(" ")}`);
    }
    for (const id of ids) for (const cgroup of cgroupsOf(id)) problems.push(`cgroup ${cgroup}`);
    for (const mount of mountsBelow(this.box.folder)) problems.push(`mount ${mount}`);
    for (const pid of await this.#site.left()) problems.push(`process ${pid}`);
    return problems;
  }

  /** In the containers' cgroups, given a moment to die. */
  async #processesOf(ids: ReadonlySet<string>): Promise<number[]> {
    let pids: number[] = [];
    for (let tries = 0; tries < 50; tries++) {
      pids = [...ids].flatMap((id) => cgroupsOf(id).flatMap(pidsIn));
      if (pids.length === 0) break;
      await Bun.sleep(20);
    }
    return pids;
  }

  #ids(): Set<string> {
    const folders = ["run/containers", "data/containers"];
    return new Set(folders.flatMap((folder) => listFolder(this.box.path(folder))));
  }

  [Symbol.dispose](): void {
    this.#site[Symbol.dispose]();
  }
}
