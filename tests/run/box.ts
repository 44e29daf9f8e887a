// A test file's own place: a folder with a run folder and a busybox tree, and bunker as a black box
// on both. What a file's containers leave is a failure of that file.

import { afterAll, expect, setDefaultTimeout } from "bun:test";
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import {
  bunker,
  bunkerCommand,
  type BunkerOptions,
  type Outcome,
  startBunker,
  WITHOUT_NETWORK,
} from "../harness/bunker.ts";
import { RootfsCopy } from "../harness/rootfs.ts";
import { slowness } from "../harness/tier.ts";

const TEST_TIMEOUT_MS = 30_000;

export class Box implements Disposable {
  readonly folder = mkdtempSync(`${tmpdir()}/bunker-box-`);
  readonly runFolder = `${this.folder}/run`;
  readonly #trees = [new RootfsCopy()];

  /** @param keeps what is run in the foreground without --rm is kept; else --rm is understood */
  constructor(readonly keeps = false) {}

  /** A busybox tree that the file's tests may add to. */
  get rootfs(): string {
    return this.#trees[0]?.path ?? "";
  }

  /** Runs bunker to its end. */
  bunker(args: readonly string[], options: BunkerOptions = {}): Promise<Outcome> {
    return bunker(this.#words(args), this.#with(options));
  }

  /** Starts bunker, for a test that talks to it while it runs. */
  start(args: readonly string[], options: Omit<BunkerOptions, "stdin"> = {}) {
    return startBunker(this.#words(args), this.#with(options));
  }

  /** A container in the foreground is not kept, but where the box keeps them. */
  #words(args: readonly string[]): readonly string[] {
    const [verb, ...rest] = args;
    if (verb !== "run" || this.keeps || rest.includes("--rm")) return args;
    return rest.includes("-d") || rest.includes("--detach") ? args : [verb, "--rm", ...rest];
  }

  /** Where bunker keeps what it has to do with in this box, and that it leaves the host's network alone. */
  get environment(): Readonly<Record<string, string>> {
    return { BUNKER_RUN: this.runFolder, BUNKER_DATA: this.path("data"), ...WITHOUT_NETWORK };
  }

  #with<T extends Omit<BunkerOptions, "stdin">>(options: T): T {
    return {
      cwd: this.folder,
      ...options,
      env: { ...this.environment, ...options.env },
    };
  }

  /** The words that start bunker with these arguments. */
  command(args: readonly string[]): string[] {
    return [...bunkerCommand(), ...this.#words(args)];
  }

  /** The same as a line for a shell. */
  line(...args: readonly string[]): string {
    const variables = Object.entries(this.environment).map(([name, value]) => `${name}=${value}`);
    return [...variables, ...this.command(args)].join(" ");
  }

  /** `bunker run FLAGS --rootfs TREE COMMAND`. */
  run(flags: readonly string[], command: readonly string[], options?: BunkerOptions) {
    return this.bunker(["run", ...flags, "--rootfs", this.rootfs, ...command], options);
  }

  /** What a script prints in the busybox tree; it must end with 0, and nothing be on stderr. */
  async sh(script: string, flags: readonly string[] = []): Promise<string> {
    return textOf(await this.run(flags, ["/bin/sh", "-c", script]));
  }

  /** The same in the copy-on-write view of this host, which has perl. */
  async hostSh(script: string, flags: readonly string[] = []): Promise<string> {
    return textOf(await this.bunker(["run", ...flags, "/bin/sh", "-c", script]));
  }

  /** A busybox tree for one test that breaks it. */
  makeTree(): string {
    const tree = new RootfsCopy();
    this.#trees.push(tree);
    return tree.path;
  }

  /** A path in the file's folder. */
  path(name: string): string {
    return `${this.folder}/${name}`;
  }

  /** What is left of containers: state folders, names, mounts. */
  leftovers(): string[] {
    return [
      ...listFolder(`${this.runFolder}/containers`),
      ...listFolder(`${this.runFolder}/names`),
      ...mountsBelow(this.folder, ...this.#trees.map((tree) => tree.path)),
    ];
  }

  [Symbol.dispose](): void {
    // A test that failed may have left a container that runs on.
    for (const id of listFolder(`${this.runFolder}/containers`)) killContainer(id);
    for (const tree of this.#trees) tree[Symbol.dispose]();
    rmSync(this.folder, { recursive: true, force: true });
  }
}

/** The box of a test file: gone after its tests, which must have left nothing in it. */
export function openBox(keeps = false): Box {
  setDefaultTimeout(TEST_TIMEOUT_MS * slowness());
  const box = new Box(keeps);
  afterAll(() => {
    using _ = box;
    expect(box.leftovers()).toEqual([]);
  });
  return box;
}

function textOf({ exitCode, stdout, stderr }: Outcome): string {
  expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: "" });
  return stdout.trimEnd();
}

/** Nothing where there is no such folder. */
export function listFolder(path: string): string[] {
  return existsSync(path) ? readdirSync(path) : [];
}

/** The lines of this process's mountinfo that name one of the folders. */
export function mountsBelow(...folders: readonly string[]): string[] {
  const mounts = readFileSync("/proc/self/mountinfo", "utf8").split("\n");
  return mounts.filter((line) => folders.some((folder) => line.includes(folder)));
}

/** The lines of a stream, as they come. */
export async function* linesOf(stream: ReadableStream<Uint8Array>): AsyncGenerator<string> {
  const decoder = new TextDecoder();
  let text = "";
  for await (const chunk of stream) {
    text += decoder.decode(chunk, { stream: true });
    const lines = text.split("\n");
    text = lines.pop() ?? "";
    yield* lines;
  }
  if (text !== "") yield text;
}

/** The next line of a stream, which must not end before. */
export async function nextLine(lines: AsyncGenerator<string>): Promise<string> {
  const { value, done } = await lines.next();
  if (done === true) throw new Error("the stream has ended");
  return value;
}

/** Ends the processes in a container's cgroups. */
function killContainer(id: string): void {
  for (const cgroup of cgroupsOf(id)) {
    for (const pid of pidsIn(cgroup)) if (pid !== 0) process.kill(pid, "SIGKILL");
  }
}

/** The processes in a cgroup; none where it is gone. */
export function pidsIn(cgroup: string): number[] {
  try {
    return readFileSync(`${cgroup}/cgroup.procs`, "utf8").split("\n").slice(0, -1).map(Number);
  } catch {
    return [];
  }
}

/** The mount points of the cgroup file systems: one on v2, several on v1. */
export function cgroupHierarchies(): string[] {
  const mounts = readFileSync("/proc/self/mounts", "utf8").split("\n");
  return mounts
    .map((line) => line.split(" "))
    .flatMap(([, path = "", type]) => (type === "cgroup" || type === "cgroup2" ? [path] : []));
}

/** The cgroups that are still there of a container, wherever in the two upper levels they are. */
export function cgroupsOf(id: string): string[] {
  const found: string[] = [];
  for (const hierarchy of cgroupHierarchies()) {
    const upper = listCgroups(hierarchy);
    for (const path of [...upper, ...upper.flatMap(listCgroups)]) {
      if (path.slice(hierarchy.length).includes(id)) found.push(path);
    }
  }
  return found;
}

/** The cgroups directly in one, in each hierarchy. */
export function cgroupsBelow(parent: string): string[] {
  return cgroupHierarchies().flatMap((hierarchy) => listCgroups(`${hierarchy}${parent}`));
}

function listCgroups(path: string): string[] {
  try {
    const entries = readdirSync(path, { withFileTypes: true });
    return entries.flatMap((entry) => (entry.isDirectory() ? [`${path}/${entry.name}`] : []));
  } catch {
    // Race: gone, since it was listed.
    return [];
  }
}
