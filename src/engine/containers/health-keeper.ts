// The hidden process that asks containers for their health, each as often as it wants, until none that
// runs has a check any more.

import { execFile } from "node:child_process";
import { runtime } from "#runtime";
import { prepareErrno } from "../../../ffi/library.ts";
import {
  findHealthCheck,
  type Health,
  type HealthAnswer,
  type HealthCheck,
  lockKeeper,
  readHealth,
  STARTING,
  writeHealth,
} from "./health.ts";
import { leaveStarter } from "../background.ts";
import { tell } from "../events/tell.ts";
import { findForeground, listForeground } from "./foreground.ts";
import { type KeptContainer, KeptStore } from "./kept.ts";
import { findRecord } from "./running-record.ts";

/** How often it looks for containers that were started meanwhile. */
const LOOK_MS = 500;
/** docker's: answers that are kept, and how much of each. */
const ANSWERS = 5;
const OUTPUT_LENGTH = 4096;
const BUFFER_BYTES = 1024 * 1024;
/** The command line's own grace beyond the check's timeout. */
const GRACE_MS = 100;

interface Patient {
  readonly container: KeptContainer;
  readonly check: HealthCheck;
  /** Of this run: another start begins anew. */
  readonly startedMs: number;
  dueMs: number;
  isAsked: boolean;
}

/** Returns the exit code of the hidden command. */
export async function keepHealth(): Promise<number> {
  prepareErrno();
  leaveStarter();
  const patients = new Map<string, Patient>();
  for (;;) {
    {
      using lock = await waitForLock();
      if (lock === undefined) return 0;
      while (refresh(patients)) {
        for (const patient of patients.values()) {
          if (!patient.isAsked && Date.now() >= patient.dueMs) void ask(patient);
        }
        await sleep(LOOK_MS);
      }
    }
    // Race: what was started while the lock was given back found it taken.
    if (!refresh(patients)) return 0;
  }
}

/** Whoever has started this process may hold it for a moment yet. */
async function waitForLock(): Promise<Disposable | undefined> {
  for (let attempt = 0; attempt < 20; attempt++) {
    const lock = lockKeeper();
    if (lock !== undefined) return lock;
    await sleep(10);
  }
  return undefined;
}

const sleep = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

/** Who is there now. False for nobody. */
function refresh(patients: Map<string, Patient>): boolean {
  const kept = new KeptStore();
  const present = new Set<string>();
  for (const { id, startedMs } of listRunning(kept)) {
    if (patients.get(id)?.startedMs === startedMs) {
      present.add(id);
      continue;
    }
    const container = kept.read(id) ?? findForeground(id, kept);
    const check = container && findHealthCheck(container, kept);
    if (container === undefined || check === undefined) continue;
    present.add(id);
    writeHealth(id, STARTING, kept);
    const firstMs = check.startPeriodMs > 0 ? check.startIntervalMs : check.intervalMs;
    const dueMs = startedMs + Math.min(firstMs, check.intervalMs);
    patients.set(id, { container, check, startedMs, dueMs, isAsked: false });
  }
  for (const id of patients.keys()) if (!present.has(id)) patients.delete(id);
  return present.size > 0;
}

interface Run {
  readonly id: string;
  readonly startedMs: number;
}

/** Those that are kept, and those that run in the foreground. */
function listRunning(kept: KeptStore): Run[] {
  const running: Run[] = [];
  for (const id of kept.list()) {
    const startedMs = startOf(id, kept);
    if (startedMs !== undefined && findRecord(id) !== undefined) running.push({ id, startedMs });
  }
  for (const { id, createdMs } of listForeground(kept)) running.push({ id, startedMs: createdMs });
  return running;
}

/** When a container was started that runs, as far as it is written down. */
function startOf(id: string, kept: KeptStore): number | undefined {
  if (!kept.isKept(id)) return findForeground(id, kept)?.createdMs;
  const { status, startedMs } = kept.readStatus(id);
  return status === "running" ? startedMs : undefined;
}

async function ask(patient: Patient): Promise<void> {
  const { container, check, startedMs } = patient;
  patient.isAsked = true;
  const answer = await perform(container.id, check);
  const kept = new KeptStore();
  const isStarting = Date.now() - startedMs < check.startPeriodMs;
  if (startOf(container.id, kept) === startedMs) {
    const before = readHealth(container.id, kept);
    const after = judge(before, answer, check, isStarting);
    writeHealth(container.id, after, kept);
    if (after.Status !== before.Status) tell(`health_status: ${after.Status}`, container);
  }
  const isUnproven = isStarting && answer.ExitCode !== 0;
  patient.dueMs = Date.now() + (isUnproven ? check.startIntervalMs : check.intervalMs);
  patient.isAsked = false;
}

/** docker's rules. In the start period a failure does not count. */
function judge(
  { Status, FailingStreak, Log }: Health,
  answer: HealthAnswer,
  { retries }: HealthCheck,
  isStarting: boolean,
): Health {
  const log = [...Log, answer].slice(-ANSWERS);
  if (answer.ExitCode === 0) return { Status: "healthy", FailingStreak: 0, Log: log };
  if (isStarting && Status === "starting") return { Status, FailingStreak, Log: log };
  const streak = FailingStreak + 1;
  return { Status: streak >= retries ? "unhealthy" : Status, FailingStreak: streak, Log: log };
}

function perform(id: string, { command, timeoutMs }: HealthCheck): Promise<HealthAnswer> {
  const [program = "", ...first] = runtime.selfCommand();
  const start = new Date();
  return new Promise((resolve) => {
    const done = (code: number, output: string): void => {
      resolve({
        Start: start.toISOString(),
        End: new Date().toISOString(),
        ExitCode: code,
        Output: output.slice(0, OUTPUT_LENGTH),
      });
    };
    const limits = { timeout: timeoutMs + GRACE_MS, maxBuffer: BUFFER_BYTES, killSignal: 9 };
    execFile(program, [...first, "exec", id, ...command], limits, (error, stdout, stderr) => {
      if (error === null) return done(0, stdout + stderr);
      if (error.killed === true) {
        return done(-1, `Health check exceeded timeout (${timeoutMs / 1000}s)`);
      }
      done(typeof error.code === "number" ? error.code : 1, stdout + stderr);
    });
  });
}
