// The health of containers: what is asked, how often, and what was answered last. One hidden process for
// all of them does the asking (health-keeper.ts), and is there only as long as a container that runs has a
// check; the next command starts it again where it was killed.

import { O } from "../../../ffi/constants.ts";
import { open } from "../../../ffi/fcntl.ts";
import type { Fd } from "../../../ffi/fd.ts";
import { makeDirectoryTree, readTextIfThere, renameFile, writeText } from "../../../ffi/files.ts";
import { LOCK, tryFlock } from "../../../ffi/flock.ts";
import { isSyscallError } from "../../../ffi/syscall-error.ts";
import { ownCommand, startInBackground } from "../background.ts";
import { readDetails } from "../container-details.ts";
import { dataFolder } from "../data-folder.ts";
import type { HealthOption } from "../run-options.ts";
import { HEALTH_COMMAND } from "./health-command.ts";
import type { KeptContainer, KeptStore } from "./kept.ts";
import { knownFolder } from "./running-record.ts";

/** What is asked, complete. */
export interface HealthCheck {
  /** The words of the command in the container. */
  readonly command: readonly string[];
  readonly intervalMs: number;
  readonly timeoutMs: number;
  readonly retries: number;
  readonly startPeriodMs: number;
  readonly startIntervalMs: number;
}

/** docker's words: what `inspect` shows as State.Health. */
export interface Health {
  readonly Status: "starting" | "healthy" | "unhealthy";
  readonly FailingStreak: number;
  readonly Log: readonly HealthAnswer[];
}

export interface HealthAnswer {
  readonly Start: string;
  readonly End: string;
  readonly ExitCode: number;
  readonly Output: string;
}

export const STARTING: Health = { Status: "starting", FailingStreak: 0, Log: [] };

const NANOSECONDS = 1e-6;
const DEFAULT_MS = 30_000;
const DEFAULT_RETRIES = 3;
const START_INTERVAL_MS = 5000;

/** undefined where there is no check, neither of the image nor of the options. */
export function findHealthCheck(
  { id, options }: KeptContainer,
  kept: KeptStore,
): HealthCheck | undefined {
  const own: HealthOption = options.health ?? {};
  const image = readDetails(knownFolder(id, kept))?.config.Healthcheck ?? {};
  const [kind = "NONE", ...words] = own.test ?? image.Test ?? [];
  if (kind === "NONE" || words.length === 0) return undefined;
  const time = (ms: number | undefined, ns: number | undefined, fallback: number): number =>
    ms || (ns ?? 0) * NANOSECONDS || fallback;
  return {
    command: kind === "CMD-SHELL" ? ["/bin/sh", "-c", words.join(" ")] : words,
    intervalMs: time(own.intervalMs, image.Interval, DEFAULT_MS),
    timeoutMs: time(own.timeoutMs, image.Timeout, DEFAULT_MS),
    startPeriodMs: time(own.startPeriodMs, image.StartPeriod, 0),
    startIntervalMs: time(own.startIntervalMs, image.StartInterval, START_INTERVAL_MS),
    retries: own.retries || image.Retries || DEFAULT_RETRIES,
  };
}

const FILE = "health.json";

/** What was found last. */
export function readHealth(id: string, kept: KeptStore): Health {
  const text = readTextIfThere(`${knownFolder(id, kept)}/${FILE}`);
  try {
    return text === undefined ? STARTING : (JSON.parse(text) as Health);
  } catch {
    return STARTING;
  }
}

export function writeHealth(id: string, health: Health, kept: KeptStore): void {
  const path = `${knownFolder(id, kept)}/${FILE}`;
  const temporary = `${path}.${process.pid}`;
  try {
    writeText(temporary, JSON.stringify(health), { mode: 0o600 });
    renameFile(temporary, path);
  } catch (error) {
    // It was removed meanwhile.
    if (!isSyscallError(error, "ENOENT")) throw error;
  }
}

/** The keeper's lock; undefined where another has it. */
export function lockKeeper(): Fd | undefined {
  const folder = dataFolder(process.env);
  makeDirectoryTree(folder, 0o711);
  const lock = open(`${folder}/health.lock`, O.O_RDWR | O.O_CREAT, 0o600);
  if (tryFlock(lock.number, LOCK.LOCK_EX)) return lock;
  lock[Symbol.dispose]();
  return undefined;
}

/** Starts the keeper where there is none. To be called once the container runs. */
export function ensureKeeper(container: KeptContainer, kept: KeptStore): void {
  if (findHealthCheck(container, kept) !== undefined) startKeeper();
}

/** For who knows that there is something to ask. */
export function startKeeper(): void {
  using lock = lockKeeper();
  if (lock !== undefined) startInBackground(ownCommand(HEALTH_COMMAND));
}
