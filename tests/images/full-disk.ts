// load, pull, import and commit on a disk that becomes full while they work: they say so, nothing is damaged
// or half there, what is left over goes with the next prune, and with room the same command succeeds.

import { mkdirSync, writeFileSync } from "node:fs";
import type { Outcome } from "../harness/bunker.ts";
import { SmallDisk } from "../harness/small-disk.ts";
import { makeImage, makeLayer, ociArchive } from "../image/made-image.ts";
import { archive } from "../image/make-tar.ts";
import { FakeRegistry } from "../image/registry/fake-registry.ts";
import { ImageBox, SYSTEM } from "./image-box.ts";

export const FILLING_VERBS = ["load", "pull", "import", "commit"] as const;
export type FillingVerb = (typeof FILLING_VERBS)[number];

export interface Filled {
  /** How often the disk was full before the command was done. */
  readonly hits: number;
  readonly problems: readonly string[];
}

const DISK_SIZE = "32m";
const CONTAINER = "changed";

export class FullDisk implements AsyncDisposable {
  readonly #box = new ImageBox();
  readonly #disk = new SmallDisk(this.#box.dataFolder, DISK_SIZE);
  readonly #registry: FakeRegistry;

  private constructor(registry: FakeRegistry) {
    this.#registry = registry;
    const files = (start: string) =>
      Array.from({ length: 40 }, (_, i) => ({
        name: `${start}${i}`,
        contents: `${start}${i}`.repeat(10_000),
      }));
    const image = makeImage([makeLayer(files("a"), "gzip"), makeLayer(files("b"))]);
    registry.addMade("full", "1", image);
    writeFileSync(this.#box.path("oci.tar"), ociArchive([["docker.io/library/full:1", image]]));
    writeFileSync(this.#box.path("tree.tar"), archive(...files("c")));
    mkdirSync(this.#box.dataFolder);
  }

  static async open(): Promise<FullDisk> {
    return new FullDisk(await FakeRegistry.start());
  }

  /** Each time with another amount of room, from none to almost what it takes. */
  async take(verb: FillingVerb, count: number): Promise<Filled> {
    const need = await this.#measure(verb);
    const problems: string[] = [];
    let hits = 0;
    for (let i = 0; i < count; i++) {
      const room = Math.floor(((i + Math.random()) * need * 0.9) / count);
      const found: string[] = [];
      if (await this.#attempt(verb, room, found)) hits += 1;
      for (const problem of found) problems.push(`${verb} with ${room} pages: ${problem}`);
    }
    return { hits, problems };
  }

  /** Pages that it takes where there is room. */
  async #measure(verb: FillingVerb): Promise<number> {
    let pages = 0;
    await this.#onDisk(verb, async (run) => {
      const before = this.#disk.room;
      const { exitCode, stderr } = await run();
      if (exitCode !== 0) throw new Error(`${verb}: ${stderr}`);
      pages = before - this.#disk.room;
    });
    return pages;
  }

  #attempt(verb: FillingVerb, room: number, found: string[]): Promise<boolean> {
    return this.#onDisk(verb, async (run) => {
      this.#disk.fill(room);
      const { exitCode, stderr } = await run();
      const isClear = /ENOSPC \(no space left on device\)/.test(stderr);
      if (exitCode !== 0 && !isClear) found.push(`it says ${stderr}`);
      await this.#expect(found, ["images"]);
      await this.#expect(found, ["system", "check"]);
      this.#disk.makeRoom();
      const again = await run();
      if (again.exitCode !== 0) found.push(`with room it says ${again.stderr}`);
      await this.#expect(found, ["system", "prune", "-f"]);
      const said = await this.#expect(found, ["system", "check"]);
      if (said !== "No damage found\n") found.push(`after prune: ${said}`);
      return exitCode !== 0;
    });
  }

  async #expect(found: string[], words: readonly string[]): Promise<string> {
    const { exitCode, stdout, stderr } = await this.#box.bunker(words);
    if (exitCode !== 0) found.push(`${words.join(" ")} ended with ${exitCode}: ${stdout}${stderr}`);
    return stdout;
  }

  async #onDisk<T>(
    verb: FillingVerb,
    act: (run: () => Promise<Outcome>) => Promise<T>,
  ): Promise<T> {
    this.#disk.mount();
    try {
      if (verb === "commit") await this.#startContainer();
      return await act(() => this.#box.bunker(this.#words(verb)));
    } finally {
      await this.#box.bunker(["rm", "-f", CONTAINER]);
      await this.#disk.unmount();
    }
  }

  async #startContainer(): Promise<void> {
    await this.#box.load("system:1", {}, [SYSTEM]);
    const script = "head -c 3000000 /dev/urandom > /random; echo done; sleep 600";
    const name = ["--name", CONTAINER];
    await this.#box.text("run", "-d", ...name, "system:1", "/bin/sh", "-c", script);
    while ((await this.#box.text("logs", CONTAINER)) !== "done") await Bun.sleep(20);
  }

  #words(verb: FillingVerb): string[] {
    switch (verb) {
      case "load":
        return ["load", "-i", this.#box.path("oci.tar")];
      case "pull":
        return ["pull", "--tls-verify=false", `${this.#registry.host}/full:1`];
      case "import":
        return ["import", this.#box.path("tree.tar"), "imported:1"];
      case "commit":
        return ["commit", CONTAINER, "committed:1"];
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#registry[Symbol.asyncDispose]();
    this.#box[Symbol.dispose]();
  }
}
