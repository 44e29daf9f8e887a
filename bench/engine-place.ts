// Where the benches with engines happen: folders of their own, an image's archive, and all the engines.

import { mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { run } from "../tests/conformance/images/tools.ts";
import { type Engine, type EnginePlace, openEngine } from "./engines.ts";
import { prepareForDaemons, removeFolder } from "./isolate.ts";
import type { BenchOptions } from "./options.ts";
import { defaultRootfs, findBunker } from "./place.ts";

/** Makes the folders for a bench, and takes them away after it. Returns what it does. */
export async function atPlace(
  options: BenchOptions,
  bench: (place: EnginePlace) => Promise<number> | number,
): Promise<number> {
  prepareForDaemons();
  const place = makePlace(options);
  try {
    return await bench(place);
  } finally {
    removeFolder(place.work);
    removeFolder(place.state);
  }
}

/** Opens all engines that are installed, side by side, and closes them. */
export async function withEngines(
  place: EnginePlace,
  measure: (engines: readonly Engine[]) => number,
): Promise<number> {
  await using engines = new AsyncDisposableStack();
  const opened: Engine[] = [];
  for await (const engine of openEngines(place)) opened.push(engines.use(engine));
  return measure(opened);
}

/** Each engine as it is asked for, to be closed by who asks; says who is not installed. */
export async function* openEngines(place: EnginePlace): AsyncGenerator<Engine, void> {
  for (const name of ["bunker", "docker", "podman"] as const) {
    const engine = await openEngine(name, place);
    if (engine === undefined) process.stdout.write(`left out: ${name}: not installed\n`);
    else yield engine;
  }
}

/** The folders of a bench with engines, and what their image is made of. */
function makePlace(options: BenchOptions): EnginePlace {
  const work = mkdtempSync(`${tmpdir()}/bunker-bench-`);
  const archive = `${work}/image.tar`;
  run("tar", "--create", "--file", archive, "--directory", options.rootfs ?? defaultRootfs(), ".");
  return {
    work,
    state: mkdtempSync("/run/bunker-bench-"),
    bunker: findBunker(options),
    archive,
  };
}
