// How long `load` and `save` take, against docker and podman: the three after one another, in turns,
// each with a store of its own. `bun bench/archives.ts [ROUNDS] [--check]`, as root, after ./build.sh.
//
// The images: Debian as debootstrap makes it, and 20,000 small files, each a docker archive of one
// layer without compression, as `docker save` writes them.

import { spawnSync } from "node:child_process";
import { mkdirSync, rmSync } from "node:fs";
import { makeSmallFiles } from "./small-files.ts";
import { PrivateDocker } from "./private-docker.ts";
import { removeTreeDeep } from "../src/image/layer/remove-tree.ts";

const PROJECT = new URL("..", import.meta.url).pathname.replace(/\/$/, "");
const BUNKER = `${PROJECT}/dist/bunker`;
const NAME = "docker.io/library/bench:latest";

/** The bar: bunker's time as a part of the better of the two others'. */
const BARS = { load: 0.7, save: 0.7 } as const;
type Verb = keyof typeof BARS;

interface Tool {
  readonly name: string;
  readonly load: (archive: string) => readonly string[];
  readonly save: (archive: string) => readonly string[];
  /** Makes the next load one from nothing. */
  readonly forget: () => void;
}

function run(command: readonly string[], env: NodeJS.ProcessEnv = process.env): void {
  const [program = "", ...args] = command;
  const { status, stderr } = spawnSync(program, args, { env, encoding: "utf8" });
  if (status !== 0) throw new Error(`${command.join(" ")}: ${stderr}`);
}

function makeTools(folder: string, docker: PrivateDocker): Tool[] {
  const data = `${folder}/bunker`;
  const places = ["--root", `${folder}/podman`, "--runroot", `${folder}/podman-run`];
  const podman = ["podman", ...places, "--storage-driver", "overlay"];
  return [
    {
      name: "bunker",
      load: (archive) => ["env", `BUNKER_DATA=${data}`, BUNKER, "load", "-q", "-i", archive],
      save: (archive) => ["env", `BUNKER_DATA=${data}`, BUNKER, "save", "-o", archive, NAME],
      forget: () => removeTreeDeep(data),
    },
    {
      name: "docker",
      load: (archive) => docker.command("load", "-q", "-i", archive),
      save: (archive) => docker.command("save", "-o", archive, NAME),
      forget: () => void docker.run("rmi", "-f", NAME),
    },
    {
      name: "podman",
      load: (archive) => [...podman, "load", "-q", "-i", archive],
      save: (archive) => [...podman, "save", "-q", "-o", archive, NAME],
      forget: () => run([...podman, "rmi", "-f", NAME]),
    },
  ];
}

function makeArchive(folder: string, tree: string, archive: string): void {
  const layout = `${folder}/layout`;
  rmSync(layout, { recursive: true, force: true });
  run(["umoci", "init", "--layout", layout]);
  run(["umoci", "new", "--image", `${layout}:x`]);
  run(["tar", "--xattrs", "--numeric-owner", "-cf", `${folder}/layer.tar`, "-C", tree, "."]);
  run(["umoci", "raw", "add-layer", "--image", `${layout}:x`, `${folder}/layer.tar`]);
  run([
    "skopeo",
    "copy",
    "-q",
    "--insecure-policy",
    `oci:${layout}:x`,
    `docker-archive:${archive}:${NAME}`,
  ]);
}

const median = (values: readonly number[]): number =>
  values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? 0;

function time(command: readonly string[]): number {
  const start = performance.now();
  run(command);
  return performance.now() - start;
}

function measure(tools: readonly Tool[], archive: string, out: string, rounds: number) {
  const times = new Map(
    tools.map(({ name }) => [name, { load: [] as number[], save: [] as number[] }]),
  );
  for (let round = 0; round < rounds; round++) {
    for (const tool of tools.toSorted(() => Math.random() - 0.5)) {
      const mine = times.get(tool.name);
      mine?.load.push(time(tool.load(archive)));
      rmSync(out, { force: true });
      mine?.save.push(time(tool.save(out)));
      tool.forget();
    }
  }
  return times;
}

async function main(): Promise<void> {
  const rounds = Number(process.argv[2] ?? 5);
  const folder = `/var/tmp/bunker-bench-${process.pid}`;
  mkdirSync(folder);
  let missed = 0;
  try {
    using docker = await PrivateDocker.start(`${folder}/docker`);
    const tools = makeTools(folder, docker);
    const debian = spawnSync(`${PROJECT}/tests/harness/make-rootfs.sh`, ["debian"]).stdout;
    const small = `${folder}/small`;
    makeSmallFiles(small, 20_000);
    for (const [title, tree] of [
      ["debian", debian.toString().trim()],
      ["20,000 files", small],
    ] as const) {
      const archive = `${folder}/archive.tar`;
      rmSync(archive, { force: true });
      makeArchive(folder, tree, archive);
      const times = measure(tools, archive, `${folder}/out.tar`, rounds);
      for (const verb of ["load", "save"] as const) missed += report(title, verb, times);
    }
  } finally {
    removeTreeDeep(folder);
  }
  if (process.argv.includes("--check") && missed > 0) process.exitCode = 1;
}

function report(title: string, verb: Verb, times: ReturnType<typeof measure>): number {
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

await main();
