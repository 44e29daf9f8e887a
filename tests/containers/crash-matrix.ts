// Each of those that can die, at a random moment of each thing that is done to a container: whether the
// next commands are right about its state, its log has no gap, `rm -f` works, and nothing is left.
//
//   command line   SIGKILL for bunker itself, of `create` and `run -d`, `start`, `attach`, `stop`, `rm -f`
//   guardian       SIGKILL for who carries the output and keeps the exit status
//   init           SIGKILL for the container's first process, while it is set up and later
//   everything     a power loss: all of bunker's processes are killed, the run folder and the cgroups gone
//   disk           nobody is killed, but the disk is full, to the page at another moment each time

import { existsSync, mkdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import type { Outcome } from "../harness/bunker.ts";
import type { Remains } from "../harness/kill-points.ts";
import { isProcessAlive } from "../../ffi/agent/alive.ts";
import { ProcessSite, tryKill } from "../harness/site.ts";
import { SmallDisk } from "../harness/small-disk.ts";
import { type Box, cgroupsOf, listFolder, mountsBelow, pidsIn } from "../run/box.ts";
import { findGuardians, findInit, isProgram, readRecord } from "./container-processes.ts";

export const VICTIMS = ["command line", "guardian", "init", "everything", "disk"] as const;
export type Victim = (typeof VICTIMS)[number];
export const PHASES = ["creating", "starting", "running", "stopping", "removing"] as const;
export type Phase = (typeof PHASES)[number];

export interface Cell {
  /** Who was killed as meant; the others had ended before, or were not there yet. */
  readonly hits: number;
  readonly problems: readonly Remains[];
}

const NAME = "victim";
/** Counts, so that a gap in the log is seen; says when it was ended as asked. */
const COUNTS = "i=0; while :; do i=$((i+1)); echo $i; sleep 0.01; done";
/** Writes more than there is room for, and stays. */
const FLOODS =
  "i=0; while [ $i -lt 30000 ]; do i=$((i+1)); echo $i; done; while :; do sleep 0.01; done";
const FLOOD_LINES = 30_000;
const script = (work: string): string => `trap "echo end; exit 7" TERM; echo ready; ${work}`;

const DISK_SIZE = "3m";
const TERMINATED = 7;
const KILLED = 137;
/** The same signal before the program, or its trap, was there. */
const SIGNALLED = 143;
/** Nobody was left who could have known how it ended. */
const UNKNOWN = 255;
const PATIENCE_MS = 5000;
const COMMAND_TIMEOUT_MS = 40_000;
/** So long a command waits for a guardian that does not end. */
const GUARDIAN_TIMEOUT_MS = 10_000;
/** What is asked first afterwards; the first three change nothing. */
const NEXT = [
  ["ps", "-a"],
  ["inspect", NAME],
  ["logs", NAME],
] as const;
const OTHERS = [
  ["start", NAME],
  ["stop", "-t", "0", NAME],
  ["exec", NAME, "/bin/true"],
] as const;

/** What `ps -a` says. */
interface Shown {
  readonly id: string;
  readonly state: string;
}

export class CrashMatrix implements Disposable {
  readonly #site = new ProcessSite();
  readonly #place: string;
  readonly #durations = new Map<Phase, number>();

  constructor(readonly box: Box) {
    this.#place = box.path("place");
    mkdirSync(this.#place, { recursive: true });
  }

  /** Kills `victim` in this phase until it was hit `count` times, or it was tried far more often. */
  async take(victim: Victim, phase: Phase, count: number): Promise<Cell> {
    const problems: Remains[] = [];
    let latest = this.#durations.get(phase) ?? (await this.#measure(phase));
    let hits = 0;
    for (let i = 0; hits < count && i < 15 + 4 * count; i++) {
      const attempt = new Attempt(this.box, this.#site, this.#place, victim, phase, i);
      const { hit, found } = await attempt.make(Math.random() * latest);
      if (hit) hits += 1;
      // Later than that there is nobody left to be hit.
      latest *= hit ? 1.02 : 0.9;
      if (found.length > 0) problems.push({ moment: attempt.description, problems: found });
    }
    return { hits, problems };
  }

  /** How long the phase takes where nobody disturbs it. */
  async #measure(phase: Phase): Promise<number> {
    const { tookMs } = await this.#undisturbed(phase);
    // The third container of the same words is replayed, and so are those that are killed then.
    if (phase === "creating") for (let i = 0; i < 2; i++) await this.#undisturbed(phase);
    this.#durations.set(phase, tookMs);
    return tookMs;
  }

  async #undisturbed(phase: Phase): Promise<Made> {
    const attempt = new Attempt(this.box, this.#site, this.#place, "nobody", phase, 0);
    const made = await attempt.make(0);
    if (made.found.length > 0) {
      throw new Error(`undisturbed, ${phase}: ${made.found.join("; ")}`);
    }
    return made;
  }

  [Symbol.dispose](): void {
    this.#site[Symbol.dispose]();
  }
}

interface Made {
  readonly hit: boolean;
  readonly tookMs: number;
  readonly found: readonly string[];
}

class Attempt {
  readonly #problems: string[] = [];
  readonly #ids = new Set<string>();
  readonly #run: string;
  readonly #data: string;
  readonly #disk: SmallDisk;
  #atMs = 0;

  constructor(
    readonly box: Box,
    readonly site: ProcessSite,
    readonly place: string,
    readonly victim: Victim | "nobody",
    readonly phase: Phase,
    readonly turn: number,
  ) {
    this.#run = `${place}/run`;
    this.#data = `${place}/data`;
    this.#disk = new SmallDisk(place, DISK_SIZE);
  }

  get description(): string {
    const flags = this.#flags().join(" ");
    return `${this.victim}, ${this.phase}, at ${this.#atMs.toFixed(1)} ms, turn ${this.turn} ${flags}`;
  }

  async make(atMs: number): Promise<Made> {
    this.#atMs = atMs;
    let made: { hit: boolean; tookMs: number };
    try {
      made = this.victim === "disk" ? await this.#fillDisk() : await this.#disturb();
    } finally {
      await this.#clear();
    }
    return { ...made, found: this.#problems };
  }

  async #disturb(): Promise<{ hit: boolean; tookMs: number }> {
    await this.#prepare();
    const begun = performance.now();
    const child = this.#startCommand();
    const hit = await this.#strike(child);
    await this.#waitFor(child);
    const tookMs = performance.now() - begun;
    if (hit && this.victim === "everything") this.#loseRunFolder();
    await this.#judge(hit);
    return { hit, tookMs };
  }

  // What is done.

  #flags(): string[] {
    const flags = this.turn % 2 === 0 ? [] : ["-t"];
    return this.#restarts ? [...flags, "--restart", "always"] : flags;
  }

  get #restarts(): boolean {
    return this.turn % 4 >= 2 && (this.victim === "everything" || this.victim === "init");
  }

  #container(): string[] {
    const work = this.victim === "disk" ? FLOODS : COUNTS;
    const root = ["--rootfs", this.box.rootfs];
    return [...this.#flags(), "--name", NAME, ...root, "/bin/sh", "-c", script(work)];
  }

  async #prepare(): Promise<void> {
    if (this.phase === "creating") return;
    const verb = this.phase === "starting" ? ["create"] : ["run", "-d"];
    await this.#ok([...verb, ...this.#container()]);
    if (this.phase !== "starting") await this.#until("the program begins", () => this.#isRunning());
    this.#collectIds();
  }

  #command(): string[] {
    switch (this.phase) {
      case "creating":
        // No other than the command line itself is there while a container is only created.
        return this.victim === "command line" && this.turn % 3 === 0
          ? ["create", ...this.#container()]
          : ["run", "-d", ...this.#container()];
      case "starting":
        return ["start", NAME];
      case "running":
        return this.victim === "command line" ? ["attach", NAME] : ["ps"];
      case "stopping":
        return ["stop", "-t", "1", NAME];
      case "removing":
        return ["rm", "-f", NAME];
    }
  }

  #startCommand() {
    const log = this.box.path("stderr");
    rmSync(log, { force: true });
    writeFileSync(log, "");
    return Bun.spawn([...this.site.prefix, ...this.box.command(this.#command())], {
      env: { ...process.env, ...this.#environment },
      stdio: ["ignore", "ignore", Bun.file(log)],
    });
  }

  get #environment() {
    return { ...this.box.environment, BUNKER_RUN: this.#run, BUNKER_DATA: this.#data };
  }

  /** One that is not killed must end. */
  async #waitFor(child: Bun.Subprocess): Promise<void> {
    if (this.phase === "running" && this.victim !== "everything") child.kill("SIGKILL");
    const timer = setTimeout(() => {
      this.#problems.push(`${this.#command()[0]} does not end`);
      child.kill("SIGKILL");
    }, COMMAND_TIMEOUT_MS);
    await child.exited;
    clearTimeout(timer);
    const said = readFileSync(this.box.path("stderr"), "utf8");
    if (/internal error/.test(said)) this.#problems.push(`${this.#command()[0]}: ${said}`);
  }

  // Who is killed.

  async #strike(child: Bun.Subprocess): Promise<boolean> {
    const { victim } = this;
    if (victim === "nobody") return false;
    // Whoever is there already may not be there at the moment.
    const known = this.#record();
    Bun.sleepSync(this.#atMs);
    if (victim === "command line") return this.#killCommandLine(child);
    if (victim === "everything") return this.#killEverything(child);
    if (known !== undefined) return tryKill(victim === "init" ? known.initPid : known.agentPid);
    return this.#killOnceThere(child, victim);
  }

  async #killCommandLine(child: Bun.Subprocess): Promise<boolean> {
    child.kill("SIGKILL");
    await child.exited;
    return child.signalCode === "SIGKILL";
  }

  #killOnceThere(child: Bun.Subprocess, victim: Victim): boolean {
    while (isProcessAlive(child.pid)) {
      for (const guardian of findGuardians(this.site.pids())) {
        const pid = victim === "guardian" ? guardian : findInit(guardian);
        if (pid !== undefined && tryKill(pid)) return true;
      }
    }
    return false;
  }

  #killEverything(child: Bun.Subprocess): boolean {
    for (;;) {
      // Those that come to be meanwhile as well.
      this.#collectIds();
      const pids = [...this.site.pids(), ...this.#containerPids()];
      if (isProcessAlive(child.pid)) pids.push(child.pid);
      if (pids.length === 0) return true;
      for (const pid of pids) tryKill(pid);
    }
  }

  #loseRunFolder(): void {
    this.#collectIds();
    rmSync(this.#run, { recursive: true, force: true });
    for (const id of this.#ids) for (const cgroup of cgroupsOf(id).reverse()) removeCgroup(cgroup);
  }

  // What is asked afterwards.

  async #judge(hit: boolean): Promise<void> {
    const others = this.victim === "everything" ? [["system", "boot"], ...OTHERS] : OTHERS;
    const questions = [...NEXT, ...others];
    const question = questions[this.turn % questions.length] ?? ["ps"];
    const isQuiet = NEXT.some((words) => words[0] === question[0]);
    await this.#ask(question);
    const shown = await this.#look();
    // Its guardian starts it again a moment after it has ended.
    const isAgain = this.victim === "init" && this.phase === "running" && this.#restarts;
    if (hit && isAgain && isQuiet) await this.#untilState("running");
    else if (hit && isQuiet && shown !== undefined) this.#expect(shown);
    if (hit && question[1] === "boot" && this.#restarts && this.phase === "running") {
      await this.#untilState("running");
    }
    if (shown === undefined) return;
    await this.#judgeLog(shown);
    await this.#useIt((await this.#shown()) ?? shown);
  }

  /** A refusal is fine, in one line. */
  async #ask(words: readonly string[]): Promise<Outcome> {
    const outcome = await this.#bunker(words);
    const { exitCode, stderr } = outcome;
    const isWrong = exitCode >= 128 || /internal error/.test(stderr);
    if (isWrong) this.#problems.push(`${words.join(" ")} ended with ${exitCode}: ${stderr}`);
    return outcome;
  }

  /** What ps says, which must be so; undefined where it knows of none. */
  async #look(): Promise<Shown | undefined> {
    let shown: Shown | undefined;
    let wrong = "";
    for (const end = performance.now() + PATIENCE_MS; performance.now() < end;) {
      shown = await this.#shown();
      wrong = this.#whatIsWrong(shown);
      if (wrong === "") return shown;
      await Bun.sleep(20);
    }
    this.#problems.push(wrong);
    return shown;
  }

  #whatIsWrong(shown: Shown | undefined): string {
    this.#collectIds();
    const pids = this.#containerPids();
    const isRunning = this.#isRunning();
    const state = shown?.state ?? "not there";
    if (state === "running") return isRunning ? "" : "ps says running, and it does not run";
    if (state === "restarting") return `restarting`;
    if (pids.length > 0) return `ps says ${state}, and there are processes ${pids.join(" ")}`;
    if (state === "not there" || state === "created" || state === "exited") return "";
    return `ps says ${state}`;
  }

  async #shown(): Promise<Shown | undefined> {
    const format = "{{.ID}} {{.Names}} {{.State}}";
    const text = await this.#ok(["ps", "-a", "--no-trunc", "--format", format]);
    const [line, ...more] = text.split("\n");
    if (more.length > 0) this.#problems.push(`ps -a shows ${text}`);
    const [id = "", name = "", state = ""] = (line ?? "").split(" ");
    if (id === "") return undefined;
    if (name !== NAME) this.#problems.push(`ps -a shows ${text}`);
    return { id, state };
  }

  /** What is to be expected of one that was hit in this phase. */
  #expect({ state }: Shown): void {
    if (this.phase !== "running") return;
    const expected = this.#expectedState();
    if (state !== expected) this.#problems.push(`ps says ${state}, not ${expected}`);
  }

  #expectedState(): string {
    switch (this.victim) {
      case "init":
        return "exited";
      case "everything":
        // Nobody is there to start it again before `system boot`.
        return "exited";
      default:
        return "running";
    }
  }

  /** No gap; and the last word of one that ended as it was asked to. */
  async #judgeLog({ state }: Shown): Promise<void> {
    const lines = await this.#log();
    const gap = findGap(lines);
    if (gap !== "") this.#problems.push(gap);
    if (state !== "exited") return;
    const format = "{{.State.ExitCode}} {{.State.StartedAt}} {{.State.Error}}";
    const [code = "", started = "", ...error] = (await this.#inspect(format)).split(" ");
    const codes = [
      TERMINATED,
      KILLED,
      SIGNALLED,
      ...(this.victim === "everything" ? [UNKNOWN] : []),
    ];
    const isFresh = code === "0" && started.startsWith("0001");
    if (!codes.includes(Number(code)) && !isFresh && error.length === 0) {
      this.#problems.push(`exit code ${code}`);
    }
    const last = lines.at(-1);
    if (code === `${TERMINATED}` && last !== "end")
      this.#problems.push(`the log ends with ${last}`);
  }

  /** It can be started, and entered; what it writes is there. */
  async #useIt({ id, state }: Shown): Promise<void> {
    if (state !== "running") await this.#tryOk(["start", NAME]);
    await this.#tryOk(["exec", NAME, "/bin/true"]);
    const size = () => sizeOf(`${this.#data}/containers/${id}/log/0/bytes`);
    const before = size();
    await this.#until("its log grows", () => size() > before);
    const gap = findGap(await this.#log());
    if (gap !== "") this.#problems.push(gap);
  }

  // A full disk.

  /** The same commands where there is less room than they want; then again with room. */
  async #fillDisk(): Promise<{ hit: boolean; tookMs: number }> {
    this.#disk.mount();
    try {
      const room = Math.floor(Math.random() * 24);
      await this.#prepareOnDisk(room);
      const begun = performance.now();
      const { exitCode, stderr } = await this.#ask(this.#command());
      const tookMs = performance.now() - begun;
      if (exitCode !== 0) this.#expectNoSpace(stderr);
      const shown = await this.#look();
      if (this.phase === "running" && shown?.state !== "running") {
        this.#problems.push(`ps says ${shown?.state} on a full disk`);
      }
      if (this.phase === "stopping" && shown?.state === "exited") await this.#judgeExit();
      if (this.turn % 4 < 2) await this.#useWithRoom();
      this.#disk.fill(0);
      const removed = performance.now();
      await this.#tryOk(["rm", "-f", NAME]);
      const ms = performance.now() - removed;
      if (ms > GUARDIAN_TIMEOUT_MS) this.#problems.push(`rm -f takes ${ms.toFixed(0)} ms`);
      if ((await this.#shown()) !== undefined)
        this.#problems.push("rm -f leaves it on a full disk");
      this.#collectIds();
      return { hit: true, tookMs };
    } finally {
      this.#killContainers();
      this.#disk.detach();
    }
  }

  async #judgeExit(): Promise<void> {
    const code = Number(await this.#inspect("{{.State.ExitCode}}"));
    if (![TERMINATED, KILLED].includes(code))
      this.#problems.push(`exit code ${code} on a full disk`);
  }

  async #prepareOnDisk(room: number): Promise<void> {
    if (this.phase === "creating") return this.#disk.fill(room);
    // The log of one that is to run grows until the disk is full; else there is room for it.
    if (this.phase !== "running") {
      await this.#prepare();
      if (this.phase !== "starting") await this.#untilFlooded();
      return this.#disk.fill(this.phase === "starting" ? room : room % 3);
    }
    await this.#ok(["create", ...this.#container()]);
    this.#disk.fill(24 + (room % 8));
    await this.#ok(["start", NAME]);
    await this.#until("the disk is full", () => this.#disk.room === 0);
  }

  #expectNoSpace(stderr: string): void {
    const isClear = /no space left|No such container|is not running/i.test(stderr);
    if (!isClear) this.#problems.push(`${this.#command()[0]} on a full disk: ${stderr}`);
  }

  /** Once there is room: what was held up goes on, nothing of it is lost, and it can be used. */
  async #useWithRoom(): Promise<void> {
    rmSync(`${this.place}/filling`, { force: true });
    const shown = await this.#shown();
    if (shown === undefined) return;
    if (shown.state !== "running") await this.#tryOk(["start", NAME]);
    await this.#tryOk(["exec", NAME, "/bin/true"]);
    await this.#untilFlooded();
    const gap = findGap(await this.#log());
    if (gap !== "") this.#problems.push(gap);
  }

  #untilFlooded(): Promise<void> {
    return this.#until(
      "all is in the log",
      async () => (await this.#log()).at(-1) === `${FLOOD_LINES}`,
    );
  }

  // What is left.

  async #clear(): Promise<void> {
    this.#collectIds();
    await this.#tryOk(["rm", "-f", NAME]);
    await this.#tryOk(["system", "prune", "-f"]);
    for (const folder of ["run/containers", "run/names", "data/containers", "data/names"]) {
      const left = listFolder(`${this.place}/${folder}`);
      if (left.length > 0) this.#problems.push(`${folder}: ${left.join(" ")}`);
    }
    const making = listFolder(`${this.place}/data/making`).filter((name) => name !== "lock");
    if (making.length > 0) this.#problems.push(`making: ${making.join(" ")}`);
    for (const id of this.#ids) {
      for (const cgroup of cgroupsOf(id)) this.#problems.push(`cgroup ${cgroup}`);
    }
    for (const mount of mountsBelow(this.box.folder)) this.#problems.push(`mount ${mount}`);
    for (const line of await this.site.left()) this.#problems.push(`process ${line}`);
    if (this.#problems.length > 0) this.#clearByForce();
  }

  /** So that one failure is one. */
  #clearByForce(): void {
    for (const pid of this.site.pids()) tryKill(pid);
    this.#killContainers();
    rmSync(this.#run, { recursive: true, force: true });
    rmSync(this.#data, { recursive: true, force: true });
    for (const id of this.#ids) for (const cgroup of cgroupsOf(id).reverse()) removeCgroup(cgroup);
  }

  #killContainers(): void {
    for (const pid of this.#containerPids()) tryKill(pid);
  }

  // What is known.

  #collectIds(): void {
    for (const folder of ["run/containers", "data/containers"]) {
      for (const id of listFolder(`${this.place}/${folder}`)) this.#ids.add(id);
    }
  }

  #record() {
    this.#collectIds();
    for (const id of this.#ids) {
      const record = readRecord(`${this.#run}/containers/${id}`);
      if (record !== undefined && record.initPid !== 0) return record;
    }
    return undefined;
  }

  #containerPids(): number[] {
    const pids = new Set<number>();
    for (const id of this.#ids) {
      for (const cgroup of cgroupsOf(id)) {
        for (const pid of pidsIn(cgroup)) if (isProcessAlive(pid)) pids.add(pid);
      }
    }
    return [...pids];
  }

  #isRunning(): boolean {
    const pid = this.#record()?.initPid ?? 0;
    return pid !== 0 && isProcessAlive(pid) && isProgram(pid);
  }

  async #log(): Promise<string[]> {
    const { stdout } = await this.#bunker(["logs", NAME]);
    return stdout.replaceAll("\r", "").split("\n").slice(0, -1);
  }

  async #inspect(format: string): Promise<string> {
    return (await this.#bunker(["inspect", "-f", format, NAME])).stdout.trim();
  }

  #untilState(state: string): Promise<void> {
    return this.#until(`it is ${state}`, async () => (await this.#shown())?.state === state);
  }

  async #until(what: string, holds: () => boolean | Promise<boolean>): Promise<void> {
    for (const end = performance.now() + PATIENCE_MS; performance.now() < end;) {
      if (await holds()) return;
      await Bun.sleep(10);
    }
    this.#problems.push(`never: ${what}`);
  }

  #bunker(words: readonly string[]): Promise<Outcome> {
    const timeoutMs = COMMAND_TIMEOUT_MS;
    return this.box.bunker(words, { env: this.#environment, prefix: this.site.prefix, timeoutMs });
  }

  async #tryOk(words: readonly string[]): Promise<string> {
    const { exitCode, stdout, stderr } = await this.#bunker(words);
    if (exitCode !== 0) this.#problems.push(`${words.join(" ")} ended with ${exitCode}: ${stderr}`);
    return stdout.trimEnd();
  }

  async #ok(words: readonly string[]): Promise<string> {
    const before = this.#problems.length;
    const text = await this.#tryOk(words);
    if (this.#problems.length > before) throw new Error(this.#problems.join("; "));
    return text;
  }
}

/** `ready`, 1, 2, 3 …, perhaps `end`, as often as it was started; "" where nothing is missing. */
function findGap(lines: readonly string[]): string {
  let expected = 0;
  for (const line of lines) {
    if (line === "ready") expected = 0;
    else if (line === "end") continue;
    else if (Number(line) !== expected) return `the log has ${line} after ${expected - 1}`;
    expected += 1;
  }
  return "";
}

function sizeOf(path: string): number {
  return existsSync(path) ? statSync(path).size : 0;
}

/** As the kernel's are after a power loss. */
function removeCgroup(path: string): void {
  for (let tries = 0; tries < 100; tries++) {
    if (Bun.spawnSync(["rmdir", path], { stderr: "ignore" }).exitCode === 0) return;
    Bun.sleepSync(10);
  }
}
