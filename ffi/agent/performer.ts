// Carries out steps in another process, through the shared memory of a channel: the agent
// (start-agent.ts) or the in-process server (serve.ts) on the other side does one call after the
// other; here the control flow stays. Which of the two it is makes no difference to this file.

import { runtime } from "#runtime";
import type { Call, Performing, Slot, Step } from "../call.ts";
import { EAGAIN, ETIMEDOUT } from "../errno.ts";
import { futex_wait, futex_wake } from "../futex.ts";
import { rawCall } from "../syscall.ts";
import { SyscallError } from "../syscall-error.ts";
import type { TraceSink } from "../trace.ts";
import { isProcessAlive } from "./alive.ts";
import { type Batch, Channel } from "./channel.ts";
import {
  ARENA_OFFSET,
  CHANNEL_ADDRESS,
  CONTROL_DONE,
  CONTROL_END,
  CONTROL_FIRST,
  CONTROL_GO,
  CONTROL_STOP,
  RECORD_BYTES,
  TRACE_STRIDE,
} from "./layout.ts";

/** The agent's own control page, and that of the container's init process. */
export const AGENT_PAGE = 0;
export const INIT_PAGE = 1;
/** The page of the user's program where the init process is a reaper, until it is executed. */
export const PROGRAM_PAGE = 2;
/** The page of a process that only holds a user namespace. */
export const HOLDER_PAGE = 3;
/** The page of whoever takes a guardian's place. */
export const DEPUTY_PAGE = 4;

/** How long one wait lasts before it is checked that the other side still lives. */
const CHECK_INTERVAL_MS = 200;
/** A bound on every batch. Mounting a dead network file system is what may take longest. */
const BATCH_TIMEOUT_MS = 60_000;

/** A call's arguments as a person reads them; "" for none worth telling. */
export type DescribeCall = (call: Call) => string;

/** A batch in the channel: what was asked for, to tell what failed. */
export interface Posted {
  readonly steps: readonly Step[];
  readonly batch: Batch;
}

/** The process on the other side ended before it was done. */
export class PerformerDied extends Error {
  override readonly name = "PerformerDied";
  readonly hint = "by somebody, or by the kernel for want of memory: see dmesg";
}

export class Performer {
  readonly channel: Channel;
  readonly #memoryAddress: number;
  readonly #posted: (Posted | undefined)[] = [];
  readonly #pids: number[] = [];
  /** Kernel: EAGAIN for a way with ".." while anything is mounted or renamed, to be tried again. */
  #retries = 1000;

  /**
   * @param memoryAddress where this process has mapped the channel
   * @param trace gets each call with its result and time
   * @param describe says what a call that failed was asked to do. Start-up: given, not imported, as who
   * has only records has no calls to describe
   */
  constructor(
    memoryAddress: number,
    private readonly trace?: TraceSink,
    private readonly describe: DescribeCall = () => "",
  ) {
    this.#memoryAddress = memoryAddress;
    this.channel = new Channel((byteLength) => runtime.memoryAt(memoryAddress, byteLength));
  }

  /** Tells which process serves a page: its death ends the waits for it. */
  setPid(page: number, pid: number): void {
    this.#pids[page] = pid;
  }

  /** The process that serves `page`, for what hangs on its files. */
  performing(page: number): Performing {
    return { pid: this.pid(page), value: (slot) => this.value(slot) };
  }

  /** The process that serves `page`. */
  pid(page: number): number {
    return this.#pids[page] ?? 0;
  }

  /** Performs `steps` and waits for their end. Throws SyscallError for the call that failed. */
  perform(page: number, steps: readonly Step[]): void {
    this.post(page, steps);
    this.finish(page);
  }

  /** Starts `steps` without waiting; whatever the page still does is waited for before. */
  post(page: number, steps: readonly Step[]): void {
    this.start(page, this.write(steps));
  }

  /** Fills the arena from a file: records that were written by an earlier process. */
  load(fd: number, fileOffset: number, byteLength: number): void {
    this.channel.take(byteLength);
    const address = this.#memoryAddress + ARENA_OFFSET;
    if (rawCall("pread64", fd, address, byteLength, fileOffset) !== byteLength) {
      throw new Error("the file is shorter than it says");
    }
  }

  /** Starts records that `load` has brought. */
  startLoaded(page: number, first: number, end: number): void {
    this.start(page, { steps: [], batch: { first, end } });
  }

  /** Writes `steps` into the channel for a later `start`: work for while the other side is busy. */
  write(steps: readonly Step[]): Posted {
    if (this.trace !== undefined) return { steps, batch: this.trace.write(this.channel, steps) };
    const calls: Call[] = [];
    for (const step of steps) for (const call of step.calls) calls.push(call);
    return { steps, batch: this.channel.write(calls) };
  }

  /** Starts what was written, once what the page was doing is finished. */
  start(page: number, posted: Posted): void {
    this.finish(page);
    this.#posted[page] = posted;
    this.trace?.started(page, posted.batch);
    this.#go(page, posted.batch);
  }

  /** Waits for what was posted. Throws SyscallError for the call that failed, PerformerDied. */
  finish(page: number): void {
    const posted = this.#posted[page];
    if (posted === undefined) return;
    this.#await(page);
    let stop = this.#stopOffset(page);
    while (stop !== posted.batch.end) stop = this.#recover(page, posted, stop);
    this.#posted[page] = undefined;
    this.trace?.report(posted.batch);
  }

  /**
   * Waits until a call of the running batch has put something into `slot`: for a batch that does not
   * end by itself. Throws PerformerDied. Whoever fills the slot wakes us (wakeParent); where it may
   * not, the next check finds out. Throws SyscallError where the batch has ended all the same.
   */
  awaitSlot(page: number, slot: Slot): void {
    const deadline = Date.now() + BATCH_TIMEOUT_MS;
    while (this.channel.slotValue(slot) === 0) {
      const outcome = futex_wait(this.#memoryAddress + slot.offset, 0, CHECK_INTERVAL_MS);
      if (outcome !== "timed out" || this.channel.slotValue(slot) !== 0) continue;
      // A call that was to go on whatever happened did not: it is told which.
      if (this.isDone(page)) return this.finish(page);
      this.#checkAlive(page, deadline);
    }
  }

  /** Puts something into `slot`, for who waits for that. */
  fill(slot: Slot): void {
    Atomics.store(this.channel.words, slot.offset >> 2, 1);
    futex_wake(this.#memoryAddress + slot.offset, 1);
  }

  /** Waits a moment, or until somebody says that there is something in `slot`. */
  pause(slot: Slot, milliseconds: number): void {
    futex_wait(this.#memoryAddress + slot.offset, 0, milliseconds);
  }

  /** Whether the batch of `page` has ended, without waiting. */
  isDone(page: number): boolean {
    return this.#load(page, CONTROL_DONE) === this.#load(page, CONTROL_GO);
  }

  /** The value that a call left in `slot`. */
  value(slot: Slot): number {
    return this.channel.slotValue(slot);
  }

  /** The results of what `page` was given last, by call; undefined where a call has not returned. */
  results(page: number): (number | undefined)[] {
    const posted = this.#posted[page];
    if (posted === undefined) return [];
    return posted.steps.flatMap((step) => step.calls).map((_, i) => this.#result(posted.batch, i));
  }

  #result(batch: Batch, index: number): number | undefined {
    return this.channel.result(batch, this.trace === undefined ? index : index * TRACE_STRIDE + 1);
  }

  /** A call failed: runs the step's fallback and the step again, where it has one for this errno. */
  #recover(page: number, posted: Posted, stop: number): number {
    const { steps, batch } = posted;
    const recordBytes = this.#recordBytes();
    const index = Math.floor((stop - batch.first) / recordBytes);
    const { step, call, firstCall } = findCall(steps, index);
    const errno = -(this.#result(batch, index) ?? 0);
    if (errno === EAGAIN && call.name === "openat2" && this.#retries > 0) {
      this.#retries -= 1;
      this.#go(page, { first: batch.first + index * recordBytes, end: batch.end });
      this.#await(page);
      return this.#stopOffset(page);
    }
    const { fallback } = step;
    if (fallback === undefined || !fallback.on.includes(errno)) {
      this.trace?.report(batch, index + 1);
      return this.#fail(page, step, call, errno);
    }
    this.trace?.report(batch, index + 1, firstCall);
    const calls = fallback.find?.(this.performing(page)) ?? fallback.calls;
    const instead = this.write([{ why: fallback.why, calls }]);
    this.trace?.started(page, instead.batch);
    this.#go(page, instead.batch);
    this.#await(page);
    const failedAt = this.#stopOffset(page);
    this.trace?.report(instead.batch);
    this.#go(page, { first: batch.first + firstCall * recordBytes, end: batch.end });
    this.#await(page);
    const again = this.#stopOffset(page);
    if (again !== stop) return again;
    // What was done instead has failed itself: that is the reason.
    if (failedAt !== instead.batch.end) this.#failIn(page, instead, failedAt, step.failure);
    return this.#fail(page, step, call, -(this.#result(batch, index) ?? 0));
  }

  #failIn(page: number, { steps, batch }: Posted, stop: number, failure: Step["failure"]): never {
    const index = Math.floor((stop - batch.first) / this.#recordBytes());
    const { step, call } = findCall(steps, index);
    const errno = -(this.#result(batch, index) ?? 0);
    return this.#fail(page, failure === undefined ? step : { ...step, failure }, call, errno);
  }

  #recordBytes(): number {
    return RECORD_BYTES * (this.trace === undefined ? 1 : TRACE_STRIDE);
  }

  #fail(page: number, step: Step, call: Call, errno: number): never {
    this.#posted[page] = undefined;
    throw stepError(call, errno, this.describe(call), step.failure?.(errno));
  }

  #go(page: number, { first, end }: Batch): void {
    const { words } = this.channel;
    const at = Channel.controlOffset(page) >> 2;
    words[at + (CONTROL_FIRST >> 2)] = CHANNEL_ADDRESS + first;
    words[at + (CONTROL_END >> 2)] = CHANNEL_ADDRESS + end;
    // Order: the records and their range must be visible before `go` changes.
    Atomics.add(words, at + (CONTROL_GO >> 2), 1);
    futex_wake(this.#memoryAddress + Channel.controlOffset(page) + CONTROL_GO, 1);
  }

  #await(page: number): void {
    const address = this.#memoryAddress + Channel.controlOffset(page) + CONTROL_DONE;
    const deadline = Date.now() + BATCH_TIMEOUT_MS;
    for (;;) {
      const done = this.#load(page, CONTROL_DONE);
      if (done === this.#load(page, CONTROL_GO)) return;
      const outcome = futex_wait(address, done, CHECK_INTERVAL_MS);
      if (outcome === "timed out") this.#checkAlive(page, deadline);
    }
  }

  #checkAlive(page: number, deadline: number): void {
    const pid = this.pid(page);
    if (pid !== 0 && !isProcessAlive(pid) && !this.isDone(page)) {
      throw new PerformerDied(`the process that sets up the container (pid ${pid}) was killed`);
    }
    if (Date.now() <= deadline) return;
    const call = this.#currentCall(page);
    throw stepError(call, ETIMEDOUT, this.describe(call));
  }

  /** The first call of a posted batch that has not returned yet. */
  #currentCall(page: number): Call {
    const posted = this.#posted[page];
    const calls = posted?.steps.flatMap((step) => step.calls) ?? [];
    const pending = this.results(page).indexOf(undefined);
    return calls[pending] ?? { name: "futex", args: [] };
  }

  #load(page: number, field: number): number {
    return Atomics.load(this.channel.words, (Channel.controlOffset(page) + field) >> 2);
  }

  #stopOffset(page: number): number {
    return this.#load(page, CONTROL_STOP) - CHANNEL_ADDRESS;
  }
}

/** The step and call at `index` of the flattened calls, and the index of the step's first call. */
function findCall(
  steps: readonly Step[],
  index: number,
): { step: Step; call: Call; firstCall: number } {
  let firstCall = 0;
  for (const step of steps) {
    const call = step.calls[index - firstCall];
    if (call !== undefined) return { step, call, firstCall };
    firstCall += step.calls.length;
  }
  throw new Error(`no call ${index} in the batch`);
}

function stepError(call: Call, errno: number, detail: string, failure?: string): SyscallError {
  return new SyscallError(call.name, errno, {
    ...(call.path === undefined || call.path === "" ? {} : { path: call.path }),
    ...(detail === "" ? {} : { detail }),
    ...(failure === undefined ? {} : { failure }),
  });
}
