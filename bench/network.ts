// How long a run in a network takes: beside the same without one, with one and with twenty published
// ports, and beside podman. In a network namespace of its own, so that the machine's is left alone.
//
//   bun bench/network.ts [--rounds N] [--check]

import { mkdtempSync, rmSync } from "node:fs";
import { loadavg, tmpdir } from "node:os";
import { parseArgs } from "node:util";
import { type Program, runOnce, timeProgram } from "./child.ts";
import { defaultRootfs } from "./place.ts";
import { shuffle } from "./rounds.ts";
import { median, summarize } from "./statistics.ts";

const PROJECT = new URL("..", import.meta.url).pathname;
const PORTS = Array.from({ length: 20 }, (_, index) => ["-p", `${9000 + index}:80`]).flat();

const { values } = parseArgs({
  options: {
    rounds: { type: "string", default: "20" },
    check: { type: "boolean", default: false },
  },
});
const INSIDE = "BUNKER_BENCH_INSIDE";

if (process.env[INSIDE] === undefined) {
  const again = [process.execPath, import.meta.path, ...process.argv.slice(2)];
  const { exitCode } = Bun.spawnSync(["unshare", "--net", "--mount", ...again], {
    env: { ...process.env, [INSIDE]: "1" },
    stdio: ["ignore", "inherit", "inherit"],
  });
  process.exit(exitCode);
}

function bench(rounds: number, check: boolean): number {
  const folder = mkdtempSync(`${tmpdir()}/bunker-bench-`);
  try {
    Bun.spawnSync(["ip", "link", "set", "lo", "up"]);
    const subjects = listSubjects(folder);
    for (const programs of Object.values(subjects)) programs.forEach(runOnce);
    const samples: Record<string, number[]> = {};
    for (let round = 0; round < rounds; round++) {
      for (const [name, programs] of shuffle(Object.entries(subjects), round)) {
        const ms = programs.reduce((sum, program) => sum + timeProgram(program), 0);
        (samples[name] ??= []).push(ms);
      }
    }
    console.log(`load ${loadavg()[0]?.toFixed(1)}, ${rounds} rounds, ms`);
    for (const [name, list] of Object.entries(samples)) {
      const { min, p10, median } = summarize(list);
      const row = [min, p10, median].map((ms) => ms.toFixed(1).padStart(8)).join("");
      console.log(`${name.padEnd(24)}${row}`);
    }
    return judge(samples) || !check ? 0 : 1;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** The bars of issue 6, by medians. True where all that could be measured hold. */
function judge(samples: Readonly<Record<string, readonly number[]>>): boolean {
  const of = (name: string): number | undefined => samples[name] && median(samples[name]);
  const bars: readonly (readonly [what: string, value: number | undefined, most: number])[] = [
    ["bridge / podman's", ratio(of("bridge"), of("podman bridge")), 0.1],
    ["ms for one port", difference(of("one port"), of("bridge")), 3],
    ["ms for twenty instead of one", difference(of("twenty ports"), of("one port")), 1],
    ["create and rm / podman's", ratio(of("create, rm"), of("podman create, rm")), 0.5],
  ];
  let holds = true;
  for (const [what, value, most] of bars) {
    if (value === undefined) continue;
    if (value > most) holds = false;
    console.log(`${value <= most ? "held  " : "MISSED"} ${what}: ${value.toFixed(2)} of ${most}`);
  }
  return holds;
}

const ratio = (own?: number, other?: number): number | undefined =>
  own === undefined || other === undefined ? undefined : own / other;

const difference = (own?: number, other?: number): number | undefined =>
  own === undefined || other === undefined ? undefined : own - other;

function listSubjects(folder: string): Record<string, readonly Program[]> {
  const rootfs = defaultRootfs();
  const stderr = `${folder}/stderr`;
  const env = [`PATH=${process.env["PATH"] ?? ""}`, "HOME=/root"];
  const bunker = (...words: string[]): Program => ({
    argv: [`${PROJECT}dist/bunker`, ...words],
    env: [...env, `BUNKER_RUN=${folder}/run`, `BUNKER_DATA=${folder}/data`],
    stderr,
  });
  const run = (...flags: string[]): Program =>
    bunker("run", "--rm", ...flags, "--rootfs", rootfs, "/bin/true");
  const subjects: Record<string, readonly Program[]> = {
    "no network": [run("--network", "none", "--dns", "192.0.2.1")],
    bridge: [run("--network", "bridge")],
    "one port": [run("--network", "bridge", "-p", "8080:80")],
    "twenty ports": [run("--network", "bridge", ...PORTS)],
    "create, rm": [bunker("network", "create", "bench"), bunker("network", "rm", "bench")],
  };
  const path = Bun.which("podman");
  if (path === null) return subjects;
  const own = ["--root", `${folder}/podman`, "--runroot", `${folder}/podman-run`];
  const podman = (...words: string[]): Program => ({ argv: [path, ...own, ...words], env, stderr });
  const flags = [
    "run",
    "--rm",
    "--ulimit",
    "nofile=1024:1024",
    "--ulimit",
    "nproc=4096:4096",
    "--network",
    "podman",
    "--rootfs",
  ];
  return {
    ...subjects,
    "podman bridge": [podman(...flags, `${rootfs}:O`, "/bin/true")],
    "podman create, rm": [podman("network", "create", "bench"), podman("network", "rm", "bench")],
  };
}

process.exit(bench(Number(values.rounds), values.check));
