// Who pulls: bunker, podman and docker, each with a store of its own on the same disk, and the images
// in a registry on loopback that they pull.

import { spawn, spawnSync } from "node:child_process";
import { closeSync, cpSync, mkdirSync, openSync, rmSync, writeFileSync } from "node:fs";
import { Registry, run } from "../tests/conformance/images/tools.ts";
import type { Program } from "./child.ts";

const PATH = "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

export interface Puller {
  readonly name: "bunker" | "podman" | "docker";
  pull(image: string): Program;
  /** Forgets all images. */
  clear(): void;
}

export function makeBunker(work: string, executable: string): Puller {
  const data = `${work}/bunker`;
  return {
    name: "bunker",
    pull: (image) => ({
      argv: [executable, "pull", "-q", image],
      env: [PATH, `BUNKER_DATA=${data}`, `HOME=${work}`],
      stderr: `${work}/bunker.err`,
    }),
    clear: () => rmSync(data, { recursive: true, force: true }),
  };
}

export function makePodman(work: string): Puller | undefined {
  const path = Bun.which("podman");
  if (path === null) return undefined;
  const state = ["--root", `${work}/podman`, "--runroot", `${work}/podman-run`];
  const global = [...state, "--storage-driver", "overlay"];
  return {
    name: "podman",
    pull: (image) => ({
      argv: [path, ...global, "pull", "-q", "--tls-verify=false", image],
      env: [PATH, `HOME=${work}`],
      stderr: `${work}/podman.err`,
    }),
    clear: () => void run(path, ...global, "rmi", "-af"),
  };
}

/** dockerd without networks, so that nothing of the host changes. It ends with dispose(). */
export class Docker implements Puller, Disposable {
  readonly name = "docker";
  readonly #socket: string;

  private constructor(
    private readonly work: string,
    private readonly client: string,
    private readonly daemon: ReturnType<typeof spawn>,
  ) {
    this.#socket = `unix://${work}/docker.sock`;
  }

  static start(work: string): Docker | undefined {
    const [daemon, client] = [Bun.which("dockerd"), Bun.which("docker")];
    if (daemon === null || client === null) return undefined;
    const log = openSync(`${work}/dockerd.log`, "w");
    const folders = ["--data-root", `${work}/docker`, "--exec-root", `${work}/docker-run`];
    const network = [
      "--bridge=none",
      "--iptables=false",
      "--ip6tables=false",
      "--ip-forward=false",
    ];
    const files = ["-p", `${work}/docker.pid`, "-H", `unix://${work}/docker.sock`];
    const flags = [...folders, ...network, ...files, "--storage-driver", "overlay2"];
    const child = spawn(daemon, flags, { stdio: ["ignore", log, log] });
    closeSync(log);
    const docker = new Docker(work, client, child);
    for (let attempt = 0; attempt < 100; attempt += 1) {
      if (docker.#call("version").status === 0) return docker;
      Bun.sleepSync(200);
    }
    docker[Symbol.dispose]();
    return undefined;
  }

  pull(image: string): Program {
    return {
      argv: [this.client, "-H", this.#socket, "pull", "-q", image],
      env: [PATH, `HOME=${this.work}`],
      stderr: `${this.work}/docker.err`,
    };
  }

  clear(): void {
    const ids = this.#call("images", "-qa").stdout.trim();
    if (ids !== "") this.#call("rmi", "-f", ...new Set(ids.split("\n")));
  }

  #call(...args: readonly string[]): { status: number | null; stdout: string } {
    return spawnSync(this.client, ["-H", this.#socket, ...args], { encoding: "utf8" });
  }

  [Symbol.dispose](): void {
    this.daemon.kill("SIGTERM");
    for (let attempt = 0; attempt < 50 && this.daemon.exitCode === null; attempt += 1) {
      if (spawnSync("kill", ["-0", String(this.daemon.pid)]).status !== 0) return;
      Bun.sleepSync(100);
    }
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
