// A test file's own store of images and volumes, and bunker as a black box on it; images are made
// here, as docker-archives of a busybox tree.

import { afterAll, expect, setDefaultTimeout } from "bun:test";
import { createHash } from "node:crypto";
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
} from "node:fs";
import { writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { bunker, type BunkerOptions, type Outcome, startBunker } from "../harness/bunker.ts";
import { eventually } from "../harness/eventually.ts";
import { busyboxRootfs } from "../harness/rootfs.ts";
import { slowness } from "../harness/tier.ts";
import { mountsBelow } from "../run/box.ts";

const TEST_TIMEOUT_MS = 60_000;

/** `config` of an image's configuration. */
export type Config = Readonly<Record<string, unknown>>;

/** A shell script that fills the folder that it runs in; `$BUSYBOX` is a busybox tree. */
export type LayerScript = string;

/** A layer that is a whole system. */
export const SYSTEM: LayerScript = 'cp --archive "$BUSYBOX"/. .';

export class ImageBox implements Disposable {
  readonly folder = mkdtempSync(`${tmpdir()}/bunker-images-`);
  readonly runFolder = `${this.folder}/run`;
  readonly dataFolder = `${this.folder}/data`;

  /** Runs bunker to its end. */
  bunker(args: readonly string[], options: BunkerOptions = {}): Promise<Outcome> {
    return bunker(args, this.#with(options));
  }

  /** Starts bunker, for a test that does something else meanwhile. */
  start(args: readonly string[], options: Omit<BunkerOptions, "stdin"> = {}) {
    return startBunker(args, this.#with(options));
  }

  #with<T extends Omit<BunkerOptions, "stdin">>(options: T): T {
    const own = {
      BUNKER_RUN: this.runFolder,
      BUNKER_DATA: this.dataFolder,
      DOCKER_CONFIG: `${this.folder}/docker`,
    };
    return { cwd: this.folder, ...options, env: { ...own, ...options.env } };
  }

  /** What a command prints; it must end with 0, and nothing be on stderr. */
  async text(...args: string[]): Promise<string> {
    const { exitCode, stdout, stderr } = await this.bunker(args);
    expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: "" });
    return stdout.trimEnd();
  }

  /** How a command that must not succeed ends: its exit code and the first line of stderr. */
  async refusal(...args: string[]): Promise<{ exitCode: number; message: string }> {
    const { exitCode, stderr } = await this.bunker(args);
    return { exitCode, message: stderr.split("\n")[0]?.replace(/^bunker: /, "") ?? "" };
  }

  /** Makes a docker-archive and loads it. */
  async load(name: string, config: Config, layers: readonly LayerScript[]): Promise<void> {
    const archive = this.makeArchive(name, config, layers);
    expect(await this.text("load", "-i", archive)).toBe(`Loaded image: ${name}`);
    rmSync(archive);
  }

  /** Makes a docker-archive; its path. */
  makeArchive(name: string, config: Config, layers: readonly LayerScript[]): string {
    const work = mkdtempSync(`${this.folder}/make-`);
    const archive = mkdirSync(`${work}/archive`, { recursive: true }) ?? `${work}/archive`;
    const tars = layers.map((script, index) => makeLayer(work, script, `${index}.tar`));
    const digests = tars.map((tar) => createHash("sha256").update(readFileSync(tar)).digest("hex"));
    const created = "2026-01-02T03:04:05Z";
    const configuration = {
      architecture: process.arch === "arm64" ? "arm64" : "amd64",
      os: "linux",
      created,
      config,
      rootfs: { type: "layers", diff_ids: digests.map((hex) => `sha256:${hex}`) },
      history: layers.map((script) => ({ created, created_by: script })),
    };
    writeFileSync(`${archive}/config.json`, JSON.stringify(configuration));
    const files = tars.map((tar) => tar.slice(tar.lastIndexOf("/") + 1));
    const entry = { Config: "config.json", RepoTags: [name], Layers: files };
    writeFileSync(`${archive}/manifest.json`, JSON.stringify([entry]));
    const path = `${this.folder}/${name.replaceAll(/[:/]/g, "_")}.tar`;
    runHost(`tar --create --file '${path}' --directory '${archive}' .`);
    rmSync(work, { recursive: true, force: true });
    return path;
  }

  /** Kills a container's program, which may be deaf to anything else. */
  killContainer(name: string): void {
    const text = readFileSync(`${this.runFolder}/containers/${this.#idOf(name)}/state.json`);
    process.kill(JSON.parse(text.toString()).initPid, "SIGKILL");
  }

  #isRunning(name: string): boolean {
    const state = `${this.runFolder}/containers/${this.#idOf(name)}/state.json`;
    return existsSync(state) && readFileSync(state, "utf8").includes('"running"');
  }

  /** "" where there is none yet. */
  #idOf(name: string): string {
    const names = `${this.runFolder}/names`;
    const isThere = existsSync(names) && readdirSync(names).includes(name);
    return isThere ? readlinkSync(`${names}/${name}`) : "";
  }

  /** Starts a container in the background of a test and waits until it runs. */
  async startContainer(name: string, ...args: string[]) {
    const started = this.start(["run", "--name", name, ...args]);
    const { child } = started;
    await eventually(() => this.#isRunning(name) || child.exitCode !== null);
    if (child.exitCode === null) return started;
    const said = await new Response(child.stderr).text();
    throw new Error(`container ${name} does not run: ${said}`);
  }

  /** A path in the file's folder. */
  path(name: string): string {
    return `${this.folder}/${name}`;
  }

  /** What is left of containers. */
  leftovers(): string[] {
    return [
      ...listFolder(`${this.runFolder}/containers`),
      ...listFolder(`${this.runFolder}/names`),
      ...listFolder(`${this.dataFolder}/containers`),
      ...listFolder(`${this.dataFolder}/volumes`).filter((name) => /^\.(made|gone)/.test(name)),
      ...mountsBelow(this.folder),
    ];
  }

  [Symbol.dispose](): void {
    rmSync(this.folder, { recursive: true, force: true });
  }
}

/** The box of a test file: gone after its tests, which must have left nothing of containers in it. */
export function openImageBox(): ImageBox {
  setDefaultTimeout(TEST_TIMEOUT_MS * slowness());
  const box = new ImageBox();
  afterAll(() => {
    using _ = box;
    expect(box.leftovers()).toEqual([]);
  });
  return box;
}

function makeLayer(work: string, script: LayerScript, name: string): string {
  const tree = mkdtempSync(`${work}/layer-`);
  runHost(`cd '${tree}' && chmod 755 . && ${script}`);
  const tar = `${work}/archive/${name}`;
  runHost(`tar --create --numeric-owner --xattrs --file '${tar}' --directory '${tree}' .`);
  return tar;
}

function runHost(script: string): void {
  const env = { ...process.env, BUSYBOX: busyboxRootfs() };
  const { exitCode, stderr } = Bun.spawnSync(["/bin/sh", "-ec", script], { env });
  if (exitCode !== 0) throw new Error(`${script}: ${stderr.toString()}`);
}

function listFolder(path: string): string[] {
  return existsSync(path) ? readdirSync(path) : [];
}
