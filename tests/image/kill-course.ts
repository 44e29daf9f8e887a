// Kills load, pull, commit and rmi with SIGKILL at moments spread over the time that they take, and
// looks whether the store is whole, the next command works, and a sweep leaves nothing over.

import { spawn } from "node:child_process";
import { mkdirSync, mkdtempSync, readdirSync, writeFileSync } from "node:fs";
import { once } from "node:events";
import { setTimeout as sleep } from "node:timers/promises";
import { removeTreeDeep } from "../../src/image/layer/remove-tree.ts";
import { ImageStore } from "../../src/image/store/store.ts";
import { loadArchive } from "../../src/image/transport/load.ts";
import { FakeRegistry } from "./registry/fake-registry.ts";
import { pullAll } from "./registry/pull-all.ts";
import { inPieces, type MadeImage, makeImage, makeLayer, ociArchive } from "./made-image.ts";

export const VERBS = ["load", "pull", "commit", "rmi"] as const;
export type KilledVerb = (typeof VERBS)[number];

const WORKER = new URL("kill-worker.ts", import.meta.url).pathname;
const NAMES = ["docker.io/library/a:1", "docker.io/library/b:1"];

export class KillCourse implements Disposable {
  readonly #site: string;
  readonly #archive: string;
  readonly #bytes: Uint8Array;
  readonly #upper: string;
  readonly #images: readonly MadeImage[];
  #registry: FakeRegistry | undefined;
  killed = 0;
  survived = 0;

  constructor(parent: string) {
    this.#site = mkdtempSync(`${parent}/bunker-kill-`);
    const files = (start: string) =>
      Array.from({ length: 150 }, (_, i) => ({
        name: `${start}/${i}`,
        contents: `${start}${i}`.repeat(2000),
      }));
    const shared = makeLayer(files("shared"), "gzip");
    const [one, two] = [makeLayer(files("one")), makeLayer(files("two"), "zstd")];
    this.#images = [makeImage([shared, one]), makeImage([shared, two])];
    this.#bytes = ociArchive(this.#images.map((image, i) => [NAMES[i], image]));
    this.#archive = `${this.#site}/archive`;
    writeFileSync(this.#archive, this.#bytes);
    this.#upper = `${this.#site}/upper`;
    mkdirSync(this.#upper);
    for (let i = 0; i < 200; i++) writeFileSync(`${this.#upper}/f${i}`, `x${i}`.repeat(5000));
  }

  /** Kills `verb` at `count` moments; what was wrong afterwards, a line each. */
  async take(verb: KilledVerb, count: number): Promise<string[]> {
    this.#registry ??= await this.#startRegistry();
    const whole = await this.#disturb(verb, undefined);
    // On a busy machine the first may take far longer than the others.
    let longestMs = whole.tookMs;
    const problems: string[] = [];
    for (let i = 0; i < count; i++) {
      const afterMs = ((i + Math.random()) * longestMs * 1.1) / count;
      const { root, tookMs, isKilled } = await this.#disturb(verb, afterMs);
      if (!isKilled) longestMs = Math.min(longestMs, tookMs);
      for (const problem of await this.#look(verb, root)) {
        problems.push(`${verb} killed after ${afterMs.toFixed(1)} ms: ${problem}`);
      }
      removeTreeDeep(root);
    }
    removeTreeDeep(whole.root);
    return problems;
  }

  async #startRegistry(): Promise<FakeRegistry> {
    const registry = await FakeRegistry.start();
    this.#images.forEach((image, i) => registry.addMade("ab".charAt(i), "1", image));
    return registry;
  }

  get #remoteNames(): string[] {
    return ["a:1", "b:1"].map((name) => `${this.#registry?.host}/${name}`);
  }

  #argument(verb: KilledVerb): string {
    if (verb === "pull") return this.#remoteNames.join(" ");
    return verb === "commit" ? this.#upper : this.#archive;
  }

  async #disturb(verb: KilledVerb, afterMs: number | undefined) {
    const root = mkdtempSync(`${this.#site}/store-`);
    if (verb === "rmi") {
      using store = ImageStore.open(root);
      await loadArchive(inPieces(this.#bytes, 65536), store);
    }
    const argument = this.#argument(verb);
    const child = spawn(process.execPath, [WORKER, verb, root, argument], {
      stdio: ["ignore", "pipe", "inherit"],
    });
    const ended = once(child, "exit");
    await once(child.stdout, "data");
    const start = performance.now();
    if (afterMs !== undefined) {
      await Promise.race([sleep(afterMs), ended]);
      child.kill("SIGKILL");
    }
    const [, signal] = await ended;
    const isKilled = signal === "SIGKILL";
    if (isKilled) this.killed += 1;
    else this.survived += 1;
    return { root, isKilled, tookMs: performance.now() - start };
  }

  async #look(verb: KilledVerb, root: string): Promise<string[]> {
    using store = ImageStore.open(root);
    const problems: string[] = [];
    // What is left over is no damage, and goes with the next sweep.
    const damage = () =>
      store
        .check({ repair: false, verify: true })
        .map(({ what }) => what)
        .filter((what) => !/belongs to no image|unfinished/.test(what));
    problems.push(...damage());
    for (const image of store.list()) await store.ensureLayers(image);
    if (verb === "pull") await pullAll(this.#remoteNames, store);
    await loadArchive(inPieces(this.#bytes, 65536), store);
    const names = store.list().flatMap((image) => image.names);
    for (const name of NAMES) if (!names.includes(name)) problems.push(`${name} is not there`);
    if (store.sweep() === undefined) problems.push("the store is in use");
    problems.push(...store.check({ repair: false, verify: true }).map(({ what }) => what));
    problems.push(...readdirSync(store.paths.ingest));
    const links = readdirSync(store.paths.links).length;
    const layers = store.layers.list().length;
    if (links !== layers) problems.push(`${links} links for ${layers} layers`);
    if (verb !== "commit" && layers !== 3) problems.push(`${layers} layers instead of 3`);
    return problems;
  }

  [Symbol.dispose](): void {
    this.#registry?.stop();
    removeTreeDeep(this.#site);
  }
}
