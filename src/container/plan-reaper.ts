// `--init`: pid 1 stays, reaps what its descendants leave behind and passes signals on to the user's
// program, its child. No program of its own does that: the agent's records can compare and jump, so
// the loop below is data as well. Pure.
//
//   init, pid 1                                     program, its child
//   blocks all signals
//   copies the loop into memory of its own
//   becomes what the program may be
//   clone ────────────────────────────────────────▶ a process group of its own, the terminal
//   the loop: forgets the channel;                  unblocks signals
//   waits for signals, reaps, passes on             execve

import { CHANNEL_ADDRESS, CHANNEL_BYTES } from "../../ffi/agent/layout.ts";
import { PROGRAM_PAGE } from "../../ffi/agent/performer.ts";
import { AddressOf, type Call, Slot, type Step, Struct } from "../../ffi/call.ts";
import {
  capset,
  chdir,
  clone,
  compareSlot,
  exitGroup,
  getpid,
  ioctl,
  prctl,
} from "../../ffi/calls.ts";
import { capabilityBits } from "../../ffi/capability.ts";
import { MAP, P_ALL, PR, PROT_READ, PROT_WRITE, TIOCSPGRP, W } from "../../ffi/constants.ts";
import { EINTR } from "../../ffi/errno.ts";
import type { Process } from "../oci/spec.ts";
import { linkLines } from "./lines.ts";
import { exitOnFailure, planBecome, planProgram } from "./plan-process.ts";
import type { LaunchRequest } from "./request.ts";

export interface ReaperPlan {
  /** The init process's last batch; it ends in the loop. */
  readonly become: () => readonly Step[];
  /** What it does from then on, to be written into `memory` before. */
  readonly loop: (memoryOffset: number) => readonly Call[];
  /** Whole pages that it keeps. */
  readonly memory: Slot;
  /** What its child does, on PROGRAM_PAGE. */
  readonly program: () => readonly Step[];
}

/** A page of the machines with the largest ones. */
const MEMORY_BYTES = 64 * 1024;
/** The loop and all that it points to; any pipe holds as much. */
const LOOP_BYTES = 4096;
const SIGCHLD = 17;
const SIGSET_BYTES = 8;
const SIG_SETMASK = 2;
const ALL_SIGNALS = new Struct(new Uint8Array(SIGSET_BYTES).fill(0xff), () => "~[]");
const NO_SIGNALS = new Struct(new Uint8Array(SIGSET_BYTES), () => "[]");

/** The plans of both processes. */
export function planReaper(request: LaunchRequest, hasTerminal: boolean): ReaperPlan {
  const process: Process = request.spec.process ?? { user: { uid: 0, gid: 0 }, args: [], cwd: "/" };
  const memory = new Slot("the loop", MEMORY_BYTES);
  const program = new Slot("program");
  return {
    memory,
    become: () =>
      exitOnFailure([
        planBlock(),
        planOwnMemory(memory),
        // Security: with its capabilities and without the filter it would be worth attacking.
        ...planBecome(process, request.seccomp, request.preserveFds),
        planHide(),
        planChild(program),
        planStay(process, memory),
      ]),
    loop: (offset) => planLoop(offset, program),
    program: () =>
      exitOnFailure([
        planGroup(hasTerminal),
        { why: "signals come as they do to any program", calls: [setMask(NO_SIGNALS)] },
        planProgram(process),
      ]),
  };
}

const setMask = (set: Struct): Call => ({
  name: "rt_sigprocmask",
  args: [SIG_SETMASK, set, null, SIGSET_BYTES],
});

function planBlock(): Step {
  return {
    why: "no signal is lost: each waits until it is asked for",
    calls: [setMask(ALL_SIGNALS)],
  };
}

/**
 * Security: whoever can trace pid 1 (CAP_SYS_PTRACE) could write into the channel, which the agent
 * obeys as root of the host, and read the environment in it. So the loop is copied into private
 * memory at the same addresses, and the channel is unmapped. All that is left in the reaper is the
 * loop with the program's pid, the sealed executable, and a stack that no call has ever used.
 */
function planOwnMemory(memory: Slot): Step {
  const pipe = new Slot("pipe");
  const readEnd = new Slot("read end", 4, undefined, { of: pipe, byteOffset: 0 });
  const writeEnd = new Slot("write end", 4, undefined, { of: pipe, byteOffset: 4 });
  const at = new AddressOf(memory);
  const flags = MAP.MAP_PRIVATE | MAP.MAP_FIXED | MAP.MAP_ANONYMOUS;
  return {
    why: "a loop in memory of its own, which nobody else has mapped",
    calls: [
      { name: "pipe2", args: [new AddressOf(pipe), 0] },
      { name: "write", args: [writeEnd, at, LOOP_BYTES] },
      { name: "mmap", args: [at, MEMORY_BYTES, PROT_READ | PROT_WRITE, flags, -1, 0] },
      { name: "read", args: [readEnd, at, LOOP_BYTES] },
    ],
  };
}

/** Order: after the change of user, which the kernel lets fs.suid_dumpable answer. prctl(2) */
function planHide(): Step {
  return {
    why: "stay closed to the container's programs, under a name that tells what it is",
    calls: [prctl(PR.PR_SET_DUMPABLE, 0), prctl(PR.PR_SET_NAME, "bunker-init")],
  };
}

function planChild(program: Slot): Step {
  return { why: "the process of the program", calls: [clone(SIGCHLD, PROGRAM_PAGE, program)] };
}

/**
 * Security: no execve takes the reaper's capabilities away, as it does with those of a program that
 * is not root's. One is of use to it: a program of root's may change its user.
 */
function planStay({ user, capabilities }: Process, memory: Slot): Step {
  const mayKill = user.uid === 0 && capabilities?.permitted?.includes("CAP_KILL") === true;
  const kept = capabilityBits(mayKill ? ["CAP_KILL"] : []);
  return {
    why: "stay behind: reap, and pass signals on, until the program ends",
    calls: [capset(kept, kept, capabilityBits([])), chdir("/", { jumpAfterSuccess: memory })],
  };
}

function planGroup(hasTerminal: boolean): Step {
  const calls: Call[] = [{ name: "setpgid", args: [0, 0] }];
  if (hasTerminal) {
    const group = new Slot("process group");
    // Kernel: to a process in the background this is SIGTTOU, but where that is blocked.
    calls.push(getpid(group), ioctl(0, TIOCSPGRP, new AddressOf(group)));
  }
  const why = "a process group of its own";
  return { why: hasTerminal ? `${why}, which has the terminal` : why, calls };
}

const SIGINFO_BYTES = 128;
const SIGINFO_CODE_OFFSET = 8;
const SIGINFO_PID_OFFSET = 16;
const SIGINFO_STATUS_OFFSET = 24;
const CLD_EXITED = 1;
/** What it ends with where it cannot go on. */
const LOST = 255;

/** The calls of the loop; `memoryOffset` is where they lie in the channel. */
function planLoop(memoryOffset: number, program: Slot): Call[] {
  const behind = memoryOffset + MEMORY_BYTES;
  const info = new Slot("siginfo", SIGINFO_BYTES);
  const field = (label: string, byteOffset: number) =>
    new Slot(label, 4, undefined, { of: info, byteOffset });
  const pid = field("si_pid", SIGINFO_PID_OFFSET);
  const code = field("si_code", SIGINFO_CODE_OFFSET);
  const status = field("si_status", SIGINFO_STATUS_OFFSET);
  const signal = new Slot("signal");
  return linkLines([
    { call: munmap(CHANNEL_ADDRESS, memoryOffset) },
    { call: munmap(CHANNEL_ADDRESS + behind, CHANNEL_BYTES - behind) },
    { label: "wait", call: waitForSignal(signal), then: "received", otherwise: "interrupted" },
    { label: "received", call: compareSlot(signal, SIGCHLD), then: "reap", otherwise: "pass on" },
    { label: "pass on", call: { name: "kill", args: [program, signal] }, then: "wait" },
    { label: "reap", call: reapAny(info), then: "reaped", otherwise: "wait" },
    { label: "reaped", call: compareSlot(pid, 0), then: "wait", otherwise: "whose" },
    { label: "whose", call: compareSlot(pid, program), then: "ended", otherwise: "reap" },
    { label: "ended", call: compareSlot(code, CLD_EXITED), then: "exit", otherwise: "killed" },
    { label: "killed", call: addSignalBit(status) },
    { label: "exit", call: exitGroup(status) },
    // Freezing and tracing do that. Anything else would only come back, so that is the end.
    { label: "interrupted", call: compareSlot(signal, -EINTR), then: "wait", otherwise: "lost" },
    { label: "lost", call: exitGroup(LOST) },
  ]);
}

const munmap = (address: number, byteLength: number): Call => ({
  name: "munmap",
  args: [address, byteLength],
});

const waitForSignal = (into: Slot): Call => ({
  name: "rt_sigtimedwait",
  args: [ALL_SIGNALS, null, null, SIGSET_BYTES],
  into,
});

/** Some child that has ended; si_pid is 0 where none has. waitid(2) */
const reapAny = (info: Slot): Call => ({
  name: "waitid",
  args: [P_ALL, 0, new AddressOf(info), W.WEXITED | W.WNOHANG, null],
});

const FUTEX_WAKE_OP = 5;
const FUTEX_OP_OR_128 = (2 << 28) | (128 << 12);

/** 128 + the signal that is in the slot, as shells have it. FUTEX_WAKE_OP is the page's only sum. */
const addSignalBit = (status: Slot): Call => ({
  name: "futex",
  args: [
    new AddressOf(new Slot("nobody")),
    FUTEX_WAKE_OP,
    0,
    0,
    new AddressOf(status),
    FUTEX_OP_OR_128,
  ],
});
