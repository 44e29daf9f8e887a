// Who pulls: bunker, podman and docker, each with a store of its own on the same disk, and the images
// in a registry on loopback that they pull.

import { spawnSync } from "node:child_process";
import { cpSync, mkdirSync, writeFileSync } from "node:fs";
import { Registry, run } from "../tests/conformance/images/tools.ts";
import { PATH, type Program } from "./child.ts";
import { PrivateDocker } from "./private-docker.ts";
import { makeSmallFiles } from "./small-files.ts";

/**
 * Kernel: on an ext4 without a journal, an inode that was freed in the last minute is passed over,
 * and looking for another costs a fifth of a millisecond a file after 20,000 were removed. So
 * everybody gets a new store each time, and none is removed before the end.
 */
export interface Puller {
  readonly name: "bunker" | "podman" | "docker";
  /** A pull into a store that is new and ready. */
  prepare(image: string, round: number): Promise<Program & Disposable>;
}

const nothing = (): void => {};

export function makeBunker(work: string, executable: string): Puller {
  return {
    name: "bunker",
    prepare: async (image, round) => ({
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
    prepare: async (image, round) => {
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
  if (Bun.which("dockerd") === null || Bun.which("docker") === null) return undefined;
  return {
    name: "docker",
    prepare: async (image, round) => {
      const flags = ["--storage-driver", "overlay2"];
      const docker = await PrivateDocker.start(`${work}/docker-${round}`, flags);
      const [client = "", ...call] = docker.command("pull", "-q", image);
      return {
        argv: [Bun.which(client) ?? client, ...call],
        env: [PATH, `HOME=${work}`],
        stderr: `${work}/docker.err`,
        [Symbol.dispose]: () => docker[Symbol.dispose](),
      };
    },
  };
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

const FILES = 20_000;

function pushManyFiles(work: string, registry: Registry): string {
  const tree = `${work}/files`;
  makeSmallFiles(tree, FILES);
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
