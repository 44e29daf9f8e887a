// The engines that keep containers, each with a place of its own: bunker, docker by a daemon of the
// bench's, and podman. All three speak docker's command line, so one table of commands does for all.

import { existsSync, mkdirSync, readdirSync, rmdirSync } from "node:fs";
import { run } from "../tests/conformance/images/tools.ts";
import {
  expectSuccess,
  PATH,
  type Program,
  startProgram,
  timeProgram,
  waitForEnd,
} from "./child.ts";
import { PrivateDocker } from "./private-docker.ts";

export type EngineName = "bunker" | "docker" | "podman";

/** What everybody runs, made from the same archive. */
export const IMAGE = "bench:1";

/** The folders and files of one bench. */
export interface EnginePlace {
  readonly work: string;
  /** Where /run is. */
  readonly state: string;
  readonly bunker: string;
  /** A tar archive of a root file system. */
  readonly archive: string;
}

/** The cgroup of what the peers make: they leave the parents of their containers' cgroups. */
const CGROUP_PARENT = `/bunker-bench-${process.pid}`;
const CGROUPS = "/sys/fs/cgroup";

interface Command {
  readonly words: readonly string[];
  readonly env: readonly string[];
  /** Flags of `run` that it does not go without here. */
  readonly runFlags: readonly string[];
  /** Where it keeps what it knows of containers. */
  readonly folders: readonly string[];
  readonly close: () => void;
}

export class Engine implements Disposable {
  constructor(
    readonly name: EngineName,
    private readonly place: EnginePlace,
    private readonly command: Command,
  ) {}

  program(...words: readonly string[]): Program {
    const { words: first, env, runFlags } = this.command;
    const [verb = "", ...rest] = words;
    const flags = verb === "run" ? runFlags : [];
    return {
      argv: [...first, verb, ...flags, ...rest],
      env: [PATH, `HOME=${this.place.work}`, ...env],
      stderr: `${this.place.work}/${this.name}.err`,
    };
  }

  /** Milliseconds. @throws where it ends with another status than 0 */
  time(...words: readonly string[]): number {
    return timeProgram(this.program(...words));
  }

  /** What it printed. @throws where it fails */
  output(...words: readonly string[]): string {
    const { argv, env } = this.program(...words);
    return run("env", "--ignore-environment", ...env, ...argv);
  }

  /** Every program once, so many at a time. Milliseconds until the last has ended. */
  crowd(commands: readonly (readonly string[])[], atOnce: number): number {
    const startMs = performance.now();
    const running: { program: Program; pid: number }[] = [];
    for (const words of commands) {
      if (running.length === atOnce) endFirst(running);
      const program = this.program(...words);
      running.push({ program, pid: startProgram(program) });
    }
    while (running.length > 0) endFirst(running);
    return performance.now() - startMs;
  }

  listContainers(): string[] {
    return this.output("ps", "--all", "--quiet").split("\n").filter(Boolean);
  }

  get folders(): readonly string[] {
    return this.command.folders;
  }

  /** By force, and at once. */
  remove(name: string): void {
    const grace = this.name === "podman" ? ["-t", "0"] : [];
    this.time("rm", "-f", ...grace, name);
  }

  [Symbol.dispose](): void {
    for (const id of this.listContainers()) this.remove(id);
    this.command.close();
  }
}

function endFirst(running: { program: Program; pid: number }[]): void {
  const first = running.shift();
  if (first !== undefined) expectSuccess(first.program, waitForEnd(first.pid));
}

type Maybe<T> = T | undefined;

const makers: Readonly<
  Record<EngineName, (place: EnginePlace) => Maybe<Command> | Promise<Maybe<Command>>>
> = { bunker: makeBunker, docker: startDocker, podman: makePodman };

/** With the image in it; undefined where it is not installed. */
export async function openEngine(
  name: EngineName,
  place: EnginePlace,
): Promise<Engine | undefined> {
  const command = await makers[name](place);
  if (command === undefined) return undefined;
  const engine = new Engine(name, place, command);
  engine.time("import", place.archive, IMAGE);
  return engine;
}

function makeBunker({ work, state, bunker }: EnginePlace): Command {
  return {
    words: [bunker],
    env: [`BUNKER_RUN=${state}/bunker`, `BUNKER_DATA=${work}/bunker`],
    runFlags: [],
    folders: [`${state}/bunker`, `${work}/bunker`],
    close: () => {},
  };
}

async function startDocker({ work }: EnginePlace): Promise<Command | undefined> {
  const path = Bun.which("docker");
  if (path === null || Bun.which("dockerd") === null) return undefined;
  const flags = ["--storage-driver", "overlay2", "--cgroup-parent", CGROUP_PARENT];
  const docker = await PrivateDocker.start(`${work}/docker`, flags);
  return {
    words: [path, ...docker.command().slice(1)],
    env: [],
    runFlags: [],
    folders: [`${work}/docker/data/containers`, `${work}/docker/exec`],
    close: () => {
      docker[Symbol.dispose]();
      removeCgroups();
    },
  };
}

function makePodman({ work, state }: EnginePlace): Command | undefined {
  const path = Bun.which("podman");
  if (path === null) return undefined;
  const store = `${work}/podman`;
  mkdirSync(store);
  const places = ["--root", store, "--runroot", `${state}/podman`, "--tmpdir", `${state}/libpod`];
  const ways = ["--storage-driver", "overlay", "--cgroup-manager", "cgroupfs"];
  return {
    words: [path, ...places, ...ways, "--events-backend", "file"],
    env: [],
    // Its own limits are above what root has without CAP_SYS_RESOURCE.
    runFlags: [
      "--ulimit=nofile=1024:1024",
      "--ulimit=nproc=4096:4096",
      `--cgroup-parent=${CGROUP_PARENT}`,
    ],
    folders: [`${store}/overlay-containers`, `${state}/libpod`],
    close: removeCgroups,
  };
}

/** Those that are empty, in each hierarchy. */
function removeCgroups(): void {
  for (const hierarchy of ["", ...readdirSync(CGROUPS)]) {
    const folder = `${CGROUPS}/${hierarchy}${CGROUP_PARENT}`;
    if (existsSync(folder)) removeCgroup(folder);
  }
}

function removeCgroup(folder: string): void {
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    if (entry.isDirectory()) removeCgroup(`${folder}/${entry.name}`);
  }
  try {
    rmdirSync(folder);
  } catch {
    // Race: the kernel may take a moment after the last process; then it is left, empty.
  }
}
