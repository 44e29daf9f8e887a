// What an OCI runtime is asked for, as things that take a time: one a verb, for each runtime alike.

import { mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { isProcessAlive } from "../ffi/agent/alive.ts";
import { makeDefaultSpec } from "../src/engine/oci/spec.ts";
import type { Spec } from "../src/oci/spec.ts";
import {
  expectSuccess,
  PATH,
  type Program,
  startProgram,
  timeProgram,
  waitForEnd,
} from "./child.ts";

/** The folders and files of one bench. */
export interface OciPlace {
  /** On disk: bundles. */
  readonly work: string;
  /** In memory where /run is: the state of the runtimes. */
  readonly state: string;
  readonly bunker: string;
  readonly rootfs: string;
  /** A seccomp profile as config.json has it. */
  readonly seccomp: unknown;
}

export interface Runtime {
  readonly name: "bunker" | "crun" | "runc";
  readonly command: readonly string[];
}

export interface OciSubject {
  readonly key: string;
  readonly title: string;
  /** Milliseconds. */
  readonly measure: () => number;
}

/** crun 1.8 refuses a later one; nothing in the bundles is newer. */
const OLDEST_VERSION = "1.0.0";

export type Bundle = "plain" | "seccomp" | "sleep";

/** Makes the bundles: what `spec` writes, /bin/true in it; with a filter; and one that waits. */
export function writeBundles(place: OciPlace): void {
  const command = (args: string[]): Spec => {
    const spec = makeDefaultSpec({ cgroupNamespace: false });
    const process = { cwd: "/", user: { uid: 0, gid: 0 }, ...spec.process, terminal: false, args };
    const root = { path: place.rootfs, readonly: true };
    return { ...spec, ociVersion: OLDEST_VERSION, process, root };
  };
  const plain = command(["/bin/true"]);
  const specs: Record<Bundle, unknown> = {
    plain,
    seccomp: { ...plain, linux: { ...plain.linux, seccomp: place.seccomp } },
    sleep: command(["/bin/sleep", "1000"]),
  };
  for (const [name, spec] of Object.entries(specs)) {
    mkdirSync(`${place.work}/${name}`);
    writeFileSync(`${place.work}/${name}/config.json`, JSON.stringify(spec));
  }
}

/** A runtime on the bench's own state folder. */
export class RuntimeAtWork {
  #next = 0;

  constructor(
    readonly place: OciPlace,
    readonly runtime: Runtime,
  ) {}

  /** bunker's own folder, which no --root moves. */
  get #own(): string {
    return `${this.place.state}/bunker-run`;
  }

  get root(): string {
    return `${this.place.state}/${this.runtime.name}`;
  }

  bundle(name: Bundle): string {
    return `${this.place.work}/${name}`;
  }

  /** An id that no container has. */
  newId(): string {
    return `bench-${this.runtime.name}-${process.pid}-${(this.#next += 1)}`;
  }

  program(...words: readonly string[]): Program {
    return {
      argv: [...this.runtime.command, "--root", this.root, ...words],
      env: [PATH, `BUNKER_RUN=${this.#own}`],
      stderr: `${this.place.work}/stderr`,
    };
  }

  /** Milliseconds of one call. */
  time(...words: readonly string[]): number {
    return timeProgram(this.program(...words));
  }

  /** What a first run has compiled is forgotten. */
  forgetFilters(): void {
    // crun 1.7 and later keep them as well, where they have been built so.
    const own = ["seccomp", "scores", "preludes"].map((name) => `${this.#own}/${name}`);
    for (const folder of [...own, `${this.root}/.cache`]) {
      rmSync(folder, { recursive: true, force: true });
    }
  }

  /** create, start, and delete once the program has ended: the three together. */
  lifecycle(): number {
    const id = this.newId();
    const pidFile = `${this.place.state}/pid`;
    const created = this.time(
      "create",
      "--bundle",
      this.bundle("plain"),
      "--pid-file",
      pidFile,
      id,
    );
    const started = this.time("start", id);
    waitUntilGone(Number(readFileSync(pidFile, "utf8")));
    return created + started + this.time("delete", id);
  }

  /** 100 containers made and removed, 8 at a time. */
  crowd(count: number, atOnce: number): number {
    const startMs = performance.now();
    const lanes = Array.from({ length: atOnce }, () => new Lane(this));
    let left = count;
    while (lanes.some((lane) => lane.isBusy || left > 0)) {
      for (const lane of lanes) {
        lane.step();
        if (lane.isBusy || left === 0) continue;
        left -= 1;
        lane.begin();
      }
      Bun.sleepSync(LANE_PAUSE_MS);
    }
    return performance.now() - startMs;
  }

  /** Resident bytes of the init process of a container that waits to be started. */
  initBytes(): number {
    const id = this.newId();
    const pidFile = `${this.place.state}/pid`;
    this.time("create", "--bundle", this.bundle("plain"), "--pid-file", pidFile, id);
    const pid = readFileSync(pidFile, "utf8").trim();
    const rollup = readFileSync(`/proc/${pid}/smaps_rollup`, "utf8");
    this.time("delete", "--force", id);
    return Number(/^Rss:\s+(\d+) kB$/m.exec(rollup)?.[1] ?? Number.NaN) * 1024;
  }
}

const LANE_PAUSE_MS = 0.2;

/** One after the other: create, delete --force. */
class Lane {
  #pid = 0;
  #program: Program | undefined;
  #id = "";

  constructor(readonly at: RuntimeAtWork) {}

  get isBusy(): boolean {
    return this.#program !== undefined;
  }

  begin(): void {
    this.#id = this.at.newId();
    this.#start(this.at.program("create", "--bundle", this.at.bundle("plain"), this.#id));
  }

  /** Goes on where the program has ended. */
  step(): void {
    const program = this.#program;
    if (program === undefined || isProcessAlive(this.#pid)) return;
    expectSuccess(program, waitForEnd(this.#pid));
    this.#program = undefined;
    if (program.argv.includes("create")) {
      this.#start(this.at.program("delete", "--force", this.#id));
    }
  }

  #start(program: Program): void {
    this.#program = program;
    this.#pid = startProgram(program);
  }
}

const POLL_MS = 0.2;

function waitUntilGone(pid: number): void {
  while (isProcessAlive(pid)) Bun.sleepSync(POLL_MS);
}

/** The verbs that are timed one by one, in turns. `exec` has a container of its own. */
export function listOciSubjects(at: RuntimeAtWork, execId: string): OciSubject[] {
  const { name } = at.runtime;
  const subject = (key: string, what: string, measure: () => number): OciSubject => ({
    key: `${name}-${key}`,
    title: `${name} ${what}`,
    measure,
  });
  const run = (bundle: Bundle): number => at.time("run", "--bundle", at.bundle(bundle), at.newId());
  return [
    subject("run", "run", () => run("plain")),
    subject("seccomp", "run, podman's filter", () => run("seccomp")),
    subject("lifecycle", "create + start + delete", () => at.lifecycle()),
    subject("exec", "exec", () => at.time("exec", execId, "/bin/true")),
  ];
}
