// Kills bunker with SIGKILL at each of its system calls in turn while it does something to a container
// that is kept, and looks whether `ps -a` is right then, `rm -f` works, and nothing is left: some calls
// every day, all of them in tests/conformance/containers-crash.ts.
//
// strace counts for us: a first run shows which calls there are, and in the n-th run the signal comes
// with the n-th of them.

import { existsSync, mkdirSync, readdirSync, readFileSync, rmdirSync } from "node:fs";
import { bunkerCommand } from "../harness/bunker.ts";
import { type Box, cgroupHierarchies, cgroupsOf, mountsBelow } from "../run/box.ts";

/** The verbs that change something. */
export const VERBS = ["run -d", "run", "create", "start", "stop", "kill", "rm", "rm -f"] as const;
export type KilledVerb = (typeof VERBS)[number];

interface Moment {
  readonly call: string;
  readonly when: number;
}

/** What was found after one kill; a good result is all empty. */
export interface Remains {
  readonly moment: string;
  readonly problems: readonly string[];
}

const NAME = "killed";
const KILLED = 137;
const STATES = ["created", "running", "exited", "removing"];

export class CrashCourse implements Disposable {
  killed = 0;
  survived = 0;
  /** A cgroup of the first hierarchy: what is started there, and is no container, stays there. */
  readonly #site: string;

  constructor(readonly box: Box) {
    this.#site = `${cgroupHierarchies()[0]}/bunker-course-${process.pid}`;
    mkdirSync(this.#site);
  }

  /** Kills `verb` at every `stride`-th of its calls, beginning with the `offset`-th. */
  async take(verb: KilledVerb, stride: number, offset = 0): Promise<Remains[]> {
    const moments = await this.#moments(verb);
    const remains: Remains[] = [];
    for (let i = offset % stride; i < moments.length; i += stride) {
      const moment = moments[i];
      if (moment === undefined) continue;
      const { call, when } = moment;
      await this.#prepare(verb);
      await this.#trace(verb, ["-o", "/dev/null", "-e", `inject=${call}:signal=KILL:when=${when}`]);
      const problems = await this.#clear();
      if (problems.length > 0) remains.push({ moment: `${verb}, ${call} no. ${when}`, problems });
    }
    return remains;
  }

  async #moments(verb: KilledVerb): Promise<Moment[]> {
    const log = this.box.path("calls");
    await this.#prepare(verb);
    await this.#trace(verb, ["-o", log]);
    await this.#clear();
    const counts = new Map<string, number>();
    const moments: Moment[] = [];
    let begun = false;
    for (const line of readFileSync(log, "utf8").split("\n")) {
      const call = /^(\w+)\(/.exec(line)?.[1];
      if (call === undefined) continue;
      const when = (counts.get(call) ?? 0) + 1;
      counts.set(call, when);
      begun ||= line.includes(`"${this.box.folder}/`);
      if (begun) moments.push({ call, when });
    }
    return moments;
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
    const join = ["sh", "-c", `echo $$ > ${this.#site}/cgroup.procs; exec "$@"`, "sh"];
    const child = Bun.spawn([...join, "strace", "-qq", ...flags, ...command], {
      env: {
        ...process.env,
        BUNKER_RUN: this.box.runFolder,
        BUNKER_DATA: this.box.path("data"),
      },
      stdio: ["ignore", "ignore", "ignore"],
    });
    if ((await child.exited) === KILLED) this.killed += 1;
    else this.survived += 1;
  }

  #arguments(verb: KilledVerb): string[] {
    const container = ["--name", NAME, "--rootfs", this.box.rootfs, "/bin/sleep"];
    switch (verb) {
      case "run -d":
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
    for (const pid of await this.#processesLeft()) problems.push(`process ${pid}`);
    return problems;
  }

  #ids(): Set<string> {
    const folders = ["run/containers", "data/containers"];
    return new Set(folders.flatMap((folder) => listFolder(this.box.path(folder))));
  }

  /** What the killed have started, given a moment to die. */
  async #processesLeft(): Promise<string[]> {
    for (let tries = 0; ; tries++) {
      const pids = readFileSync(`${this.#site}/cgroup.procs`, "utf8").split("\n").slice(0, -1);
      const left = pids.filter((pid) => !hasEnded(pid));
      if (left.length === 0 || tries === 20) return left;
      await Bun.sleep(50);
    }
  }

  [Symbol.dispose](): void {
    rmdirSync(this.#site);
  }
}

const listFolder = (path: string): string[] => (existsSync(path) ? readdirSync(path) : []);

/** Also where nobody has asked yet how. */
function hasEnded(pid: string): boolean {
  try {
    return / [ZX] /.test(readFileSync(`/proc/${pid}/stat`, "utf8"));
  } catch {
    return true;
  }
}
