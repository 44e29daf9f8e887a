// Nothing is lost: a detached container writes a gigabyte of numbered lines, with and without a terminal,
// and with its guardian killed five times meanwhile; each line is in the log once and in order. Beside it
// podman (conmon), where that is installed. Prints what it took; ends with 1 where a line is missing.
//
//   bun tests/conformance/logs.ts BUNKER [LINES]

import { spawn, spawnSync } from "node:child_process";
import {
  closeSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readFileSync,
  rmSync,
  writeSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { setTimeout as sleep } from "node:timers/promises";
import { busyboxRootfs } from "../harness/rootfs.ts";

const LINE_BYTES = 100;
const [bunker = "dist/bunker", count = "10000000"] = process.argv.slice(2);
const lines = Number(count);
const folder = mkdtempSync(`${tmpdir()}/bunker-logs-`);
const rootfs = `${folder}/rootfs`;
const env = { ...process.env, BUNKER_RUN: `${folder}/run`, BUNKER_DATA: `${folder}/data` };
/** Written before, as nothing that a container has makes lines as fast as they are to be carried. */
const WRITER = ["/bin/busybox", "cat", "/lines"];

function writeLines(): void {
  const file = openSync(`${rootfs}/lines`, "w");
  const filling = "x".repeat(LINE_BYTES - 12);
  for (let line = 1; line <= lines;) {
    let block = "";
    for (const end = Math.min(lines, line + 10_000); line <= end; line++) {
      block += `${String(line).padStart(10, "0")} ${filling}\n`;
    }
    writeSync(file, block);
  }
  closeSync(file);
}

interface Engine {
  readonly name: string;
  readonly flags: readonly string[];
  command(...args: readonly string[]): readonly string[];
}

const engines: Engine[] = [{ name: "bunker", flags: [], command: (...args) => [bunker, ...args] }];
if (spawnSync("podman", ["--version"]).status === 0) {
  const places = [`--root=${folder}/podman`, `--runroot=${folder}/podman-run`];
  engines.push({
    name: "podman",
    // Where nobody may raise a limit.
    flags: ["--ulimit", "nofile=1024:1024", "--ulimit", "nproc=1024:1024"],
    command: (...args) => ["podman", ...places, "--cgroup-manager=cgroupfs", ...args],
  });
}

function run(engine: Engine, ...args: readonly string[]): string {
  const [program = "", ...rest] = engine.command(...args);
  const { status, stdout, stderr } = spawnSync(program, rest, { env, encoding: "utf8" });
  if (status !== 0) throw new Error(`${engine.name} ${args.join(" ")}: ${stderr}`);
  return stdout.trim();
}

interface Read {
  readonly seconds: number;
  readonly wrong: string;
}

/** Reads the log and looks at each line's number. */
async function readBack(engine: Engine, name: string, hasTerminal: boolean): Promise<Read> {
  const start = performance.now();
  const [program = "", ...rest] = engine.command("logs", name);
  const child = spawn(program, rest, { env, stdio: ["ignore", "pipe", "inherit"] });
  const length = LINE_BYTES + (hasTerminal ? 1 : 0);
  let expected = 1;
  let rest_ = Buffer.alloc(0);
  let wrong = "";
  for await (const chunk of child.stdout) {
    const bytes: Buffer = rest_.length === 0 ? chunk : Buffer.concat([rest_, chunk]);
    let at = 0;
    for (; at + length <= bytes.length && wrong === ""; at += length) {
      let number = 0;
      for (let i = at; i < at + 10; i++) number = number * 10 + (bytes[i] ?? 0) - 48;
      if (number !== expected || bytes[at + length - 1] !== 10) {
        wrong = `line ${expected}: ${bytes.toString("latin1", at, at + 40)}`;
      }
      expected += 1;
    }
    rest_ = Buffer.from(bytes.subarray(at));
  }
  const seconds = (performance.now() - start) / 1000;
  if (wrong === "" && expected !== lines + 1) wrong = `${expected - 1} of ${lines} lines`;
  return { seconds, wrong };
}

/** SIGKILL for the guardian, and a command that notices. */
async function killGuardian(name: string): Promise<void> {
  const id = run(engines[0] as Engine, "inspect", "-f", "{{.Id}}", name);
  const path = `${folder}/run/containers/${id}/state.json`;
  if (!existsSync(path)) return;
  const { agentPid } = JSON.parse(readFileSync(path, "utf8")) as { agentPid: number };
  process.kill(agentPid, "SIGKILL");
  await sleep(50);
  run(engines[0] as Engine, "ps");
}

async function measure(engine: Engine, hasTerminal: boolean, kills: number): Promise<boolean> {
  const name = `logs-${hasTerminal ? "tty" : "pipe"}-${kills}`;
  const flags = [
    ...(hasTerminal ? ["-t"] : []),
    ...engine.flags,
    "--network",
    "none",
    "--name",
    name,
  ];
  const start = performance.now();
  run(engine, "run", "-d", ...flags, "--rootfs", rootfs, ...WRITER);
  for (let kill = 0; kill < kills; kill++) {
    await sleep(300);
    await killGuardian(name);
  }
  run(engine, "wait", name);
  const seconds = (performance.now() - start) / 1000;
  const megabytes = (lines * LINE_BYTES) / 1e6;
  const back = await readBack(engine, name, hasTerminal);
  const tailStart = performance.now();
  run(engine, "logs", "--tail", "10", name);
  const tail = performance.now() - tailStart;
  run(engine, "rm", name);
  const kind = `${hasTerminal ? "terminal" : "pipe"}${kills > 0 ? `, ${kills} kills` : ""}`;
  console.log(
    `${engine.name.padEnd(8)} ${kind.padEnd(16)} written ${(megabytes / seconds).toFixed(0)} MB/s, ` +
      `read back ${(megabytes / back.seconds).toFixed(0)} MB/s, tail ${tail.toFixed(0)} ms` +
      (back.wrong === "" ? "" : `  WRONG: ${back.wrong}`),
  );
  return back.wrong === "";
}

let isWhole = true;
try {
  mkdirSync(rootfs);
  spawnSync("cp", ["--archive", `${busyboxRootfs()}/.`, rootfs]);
  writeLines();
  for (const hasTerminal of [false, true]) {
    for (const engine of engines) {
      try {
        const found = await measure(engine, hasTerminal, 0);
        // What others lose is theirs.
        if (engine.name === "bunker") isWhole &&= found;
      } catch (error) {
        if (engine.name === "bunker") throw error;
        console.log(`${engine.name}: ${String(error)}`);
      }
    }
  }
  isWhole = (await measure(engines[0] as Engine, false, 5)) && isWhole;
} finally {
  rmSync(folder, { recursive: true, force: true });
}
process.exit(isWhole ? 0 : 1);
