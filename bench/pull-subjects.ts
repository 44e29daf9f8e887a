// Who pulls: bunker, podman and docker, each with a store of its own on the same disk, and the images
// in a registry on loopback that they pull.

import { spawn, spawnSync } from "node:child_process";
import { closeSync, cpSync, mkdirSync, openSync, writeFileSync } from "node:fs";
import { Registry, run } from "../tests/conformance/images/tools.ts";
import type { Program } from "./child.ts";

const PATH = "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

/**
 * Kernel: on an ext4 without a journal, an inode that was freed in the last minute is passed over,
 * and looking for another costs a fifth of a millisecond a file after 20,000 were removed. So
 * everybody gets a new store each time, and none is removed before the end.
 */
export interface Puller {
  readonly name: "bunker" | "podman" | "docker";
  /** A pull into a store that is new and ready. */
  prepare(image: string, round: number): Program & Disposable;
}

const nothing = (): void => {};

export function makeBunker(work: string, executable: string): Puller {
  return {
    name: "bunker",
    prepare: (image, round) => ({
      argv: [executable, "pull", "-q", image],
      env: [PATH, `BUNKER_DATA=${work}/bunker-${round}`, `HOME=${work}`],
      stderr: `${work}/bunker.err`,
      [Symbol.dispose]: nothing,
    }),
  };
}

export function makePodman(work: string): Puller | undefined {
  const path = Bun.which("podman");
  if (path === null) return undefined;
  return {
    name: "podman",
    prepare: (image, round) => {
      const state = [
        "--root",
        `${work}/podman-${round}`,
        "--runroot",
        `${work}/podman-run-${round}`,
      ];
      const global = [...state, "--storage-driver", "overlay"];
      run(path, ...global, "images", "-q");
      return {
        argv: [path, ...global, "pull", "-q", "--tls-verify=false", image],
        env: [PATH, `HOME=${work}`],
        stderr: `${work}/podman.err`,
        // Podman keeps its folder mounted on itself.
        [Symbol.dispose]: () => void spawnSync("umount", [`${work}/podman-${round}/overlay`]),
      };
    },
  };
}

export function makeDocker(work: string): Puller | undefined {
  const [daemon, client] = [Bun.which("dockerd"), Bun.which("docker")];
  if (daemon === null || client === null) return undefined;
  return {
    name: "docker",
    prepare: (image, round) => {
      const docker = new Docker(`${work}/docker-${round}`, daemon, client);
      return {
        argv: [client, "-H", docker.socket, "pull", "-q", image],
        env: [PATH, `HOME=${work}`],
        stderr: `${work}/docker.err`,
        [Symbol.dispose]: () => docker[Symbol.dispose](),
      };
    },
  };
}

const WAIT_MS = 100;
const WAITS = 300;

/** dockerd without networks, so that nothing of the host changes. */
class Docker implements Disposable {
  readonly socket: string;
  readonly #daemon: ReturnType<typeof spawn>;

  constructor(folder: string, daemon: string, client: string) {
    mkdirSync(folder);
    this.socket = `unix://${folder}/socket`;
    const folders = ["--data-root", `${folder}/data`, "--exec-root", `${folder}/run`];
    const network = [
      "--bridge=none",
      "--iptables=false",
      "--ip6tables=false",
      "--ip-forward=false",
    ];
    const files = ["-p", `${folder}/pid`, "-H", this.socket, "--storage-driver", "overlay2"];
    const log = openSync(`${folder}/log`, "w");
    const flags = [...folders, ...network, ...files];
    this.#daemon = spawn(daemon, flags, { stdio: ["ignore", log, log] });
    closeSync(log);
    for (let wait = 0; wait < WAITS; wait += 1) {
      if (spawnSync(client, ["-H", this.socket, "version"]).status === 0) return;
      Bun.sleepSync(WAIT_MS);
    }
    this[Symbol.dispose]();
    throw new Error(`dockerd does not start: see ${folder}/log`);
  }

  /** Nobody listens for its end in between, so it is asked for by its pid. */
  [Symbol.dispose](): void {
    const pid = this.#daemon.pid ?? 0;
    this.#daemon.kill("SIGTERM");
    for (let wait = 0; wait < WAITS; wait += 1) {
      const state = spawnSync("ps", ["-o", "stat=", "-p", String(pid)])
        .stdout.toString()
        .trim();
      if (state === "" || state.startsWith("Z")) return;
      Bun.sleepSync(WAIT_MS);
    }
    this.#daemon.kill("SIGKILL");
  }
}

/** Puts the images into the registry and returns their names. */
export function pushImages(work: string, registry: Registry, debian: string): readonly string[] {
  return [pushDebian(work, registry, debian), pushManyFiles(work, registry)];
}

/** Debian as debootstrap makes it, programs and libraries on it, and a little file, gzipped. */
function pushDebian(work: string, registry: Registry, debian: string): string {
  const programs = `${work}/programs`;
  mkdirSync(`${programs}/opt`, { recursive: true });
  cpSync(`${debian}/usr/bin`, `${programs}/opt/bin`, { recursive: true, verbatimSymlinks: true });
  const note = `${work}/note`;
  mkdirSync(note);
  writeFileSync(`${note}/note`, "bench\n");
  return pushLayers(work, registry, "debian", [debian, programs, note]);
}

const FOLDERS = 200;
const FILES_EACH = 100;

function pushManyFiles(work: string, registry: Registry): string {
  const tree = `${work}/files`;
  for (let folder = 0; folder < FOLDERS; folder += 1) {
    mkdirSync(`${tree}/data/${folder}`, { recursive: true });
    for (let file = 0; file < FILES_EACH; file += 1) {
      const text = `${folder} ${file} `.repeat(100);
      writeFileSync(`${tree}/data/${folder}/${file}.txt`, text);
    }
  }
  return pushLayers(work, registry, "files", [tree]);
}

function pushLayers(
  work: string,
  registry: Registry,
  name: string,
  trees: readonly string[],
): string {
  const layout = `${work}/layout`;
  const image = `${layout}:${name}`;
  if (!Bun.file(`${layout}/oci-layout`).size) run("umoci", "init", "--layout", layout);
  run("umoci", "new", "--image", image);
  for (const tree of trees) {
    const archive = `${work}/layer.tar`;
    run("tar", "--format=pax", "--numeric-owner", "--sort=name", "-cf", archive, "-C", tree, ".");
    run("umoci", "raw", "add-layer", "--image", image, archive);
  }
  const pushed = `${registry.host}/bench/${name}:latest`;
  run("skopeo", "copy", "-q", "--dest-tls-verify=false", `oci:${image}`, `docker://${pushed}`);
  return pushed;
}
