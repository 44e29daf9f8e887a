// How long `load` and `save` take, against docker and podman: the three after one another, in turns,
// each with a store of its own. See README.md.
//
// All of it is on an ext4 of its own, and each round has an image of its own, so that nothing is ever
// removed: for minutes after a removal ext4 takes ten times as long to make a file, looking at each
// inode that was freed lately.
//
// The images: Debian as debootstrap makes it, and 20,000 small files, each a docker archive of one
// layer without compression, as `docker save` writes them.

import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmdirSync, rmSync, writeFileSync } from "node:fs";
import { makeSmallFiles } from "./small-files.ts";
import { startBench } from "./main.ts";
import { ARCHIVES_USAGE, type BenchOptions } from "./options.ts";
import { findBunker } from "./place.ts";
import { PrivateDocker } from "./private-docker.ts";
import { run as output } from "../tests/conformance/images/tools.ts";

const PROJECT = new URL("..", import.meta.url).pathname.replace(/\/$/, "");
const ROUNDS = 5;

/** The bar: bunker's time as a part of the better of the two others'. */
const BARS = { load: 0.7, save: 0.7 } as const;
type Verb = keyof typeof BARS;

interface Tool {
  readonly name: string;
  readonly load: (archive: string) => readonly string[];
  readonly save: (archive: string, image: string) => readonly string[];
}

function run(command: readonly string[], env: NodeJS.ProcessEnv = process.env): void {
  const [program = "", ...args] = command;
  const { status, stderr } = spawnSync(program, args, { env, encoding: "utf8" });
  if (status !== 0) throw new Error(`${command.join(" ")}: ${stderr}`);
}

function makeTools(folder: string, docker: PrivateDocker, bunker: string): Tool[] {
  const own = ["env", `BUNKER_DATA=${folder}/bunker`, bunker];
  const places = ["--root", `${folder}/podman`, "--runroot", `${folder}/podman-run`];
  const podman = ["podman", ...places, "--storage-driver", "overlay"];
  return [
    {
      name: "bunker",
      load: (archive) => [...own, "load", "-q", "-i", archive],
      save: (archive, image) => [...own, "save", "-o", archive, image],
    },
    {
      name: "docker",
      load: (archive) => docker.command("load", "-q", "-i", archive),
      save: (archive, image) => docker.command("save", "-o", archive, image),
    },
    {
      name: "podman",
      load: (archive) => [...podman, "load", "-q", "-i", archive],
      save: (archive, image) => [...podman, "save", "-q", "-o", archive, image],
    },
  ];
}

/** @param image its name; it differs from all others by a file with that in it */
function makeArchive(folder: string, layer: string, archive: string, image: string): void {
  const layout = mkdtempSync(`${folder}/layout-`);
  run(["umoci", "init", "--layout", `${layout}/oci`]);
  run(["umoci", "new", "--image", `${layout}/oci:x`]);
  writeFileSync(`${layout}/stamp`, image);
  run(["cp", layer, `${layout}/layer.tar`]);
  run(["tar", "-rf", `${layout}/layer.tar`, "-C", layout, "stamp"]);
  run(["umoci", "raw", "add-layer", "--image", `${layout}/oci:x`, `${layout}/layer.tar`]);
  const target = `docker-archive:${archive}:${image}`;
  run(["skopeo", "copy", "-q", "--insecure-policy", `oci:${layout}/oci:x`, target]);
}

/** A file system in a file, in which everything happens. */
function mountApart(folder: string): void {
  const image = `${folder}.ext4`;
  run(["truncate", "-s", "40G", image]);
  run(["mkfs.ext4", "-q", "-E", "lazy_itable_init=0,lazy_journal_init=0", "-i", "65536", image]);
  run(["mount", "-o", "loop", image, folder]);
}

const median = (values: readonly number[]): number =>
  values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? 0;

function time(command: readonly string[]): number {
  const start = performance.now();
  run(command);
  return performance.now() - start;
}

type Times = ReadonlyMap<string, { readonly load: number[]; readonly save: number[] }>;

function measure(
  tools: readonly Tool[],
  rounds: number,
  title: string,
  layer: string,
  folder: string,
): Times {
  const times = new Map(
    tools.map(({ name }) => [name, { load: [0].slice(1), save: [0].slice(1) }]),
  );
  for (let round = 0; round < rounds; round++) {
    const image = `docker.io/library/${title}:${round}`;
    const archive = `${folder}/${title}-${round}.tar`;
    makeArchive(folder, layer, archive, image);
    for (const tool of tools.toSorted(() => Math.random() - 0.5)) {
      const mine = times.get(tool.name);
      // Each begins with nothing left to be written by the one before.
      run(["sync", "-f", folder]);
      mine?.load.push(time(tool.load(archive)));
      run(["sync", "-f", folder]);
      mine?.save.push(time(tool.save(`${folder}/${tool.name}-${title}-${round}.tar`, image)));
    }
  }
  return times;
}

async function bench(options: BenchOptions): Promise<number> {
  const { rounds, rootfs, check } = options;
  const folder = `/var/tmp/bunker-bench-${process.pid}`;
  mkdirSync(folder);
  let missed = 0;
  mountApart(folder);
  try {
    using docker = await PrivateDocker.start(`${folder}/docker`);
    const tools = makeTools(folder, docker, findBunker(options));
    const debian = rootfs ?? output(`${PROJECT}/tests/harness/make-rootfs.sh`, "debian").trim();
    makeSmallFiles(`${folder}/small`, 20_000);
    for (const [title, tree] of Object.entries({ debian, small: `${folder}/small` })) {
      const layer = `${folder}/${title}.tar`;
      run(["tar", "--xattrs", "--numeric-owner", "-cf", layer, "-C", tree, "."]);
      const times = measure(tools, rounds, title, layer, folder);
      for (const verb of ["load", "save"] as const) missed += report(title, verb, times);
    }
  } finally {
    run(["umount", "-l", folder]);
    rmSync(`${folder}.ext4`);
    rmdirSync(folder);
  }
  return check && missed > 0 ? 1 : 0;
}

function report(title: string, verb: Verb, times: Times): number {
  const medians = [...times].map(([name, each]) => [name, median(each[verb])] as const);
  const own = medians[0]?.[1] ?? 0;
  const best = Math.min(...medians.slice(1).map(([, value]) => value));
  const shown = medians.map(([name, value]) => `${name} ${value.toFixed(0)} ms`).join(", ");
  const isMissed = own > best * BARS[verb];
  console.log(
    `${title}: ${verb}: ${shown}: ${(own / best).toFixed(2)} (bar ${BARS[verb]})${isMissed ? " MISSED" : ""}`,
  );
  return isMissed ? 1 : 0;
}

process.exitCode = await startBench(process.argv.slice(2), {
  usage: ARCHIVES_USAGE,
  rounds: ROUNDS,
  bench,
});
