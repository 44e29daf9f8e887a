// The gate of a container that is created now and started later, perhaps by another process. Pure.
//
//   init                                            whoever starts it
//   gets its identity and its filter
//   looks for the program
//   tells its maker, which may end now
//   reads one byte of the gate, a fifo ◀──────────── writes it
//   execve
//
// The fifo is open for reading and writing, so the read waits however many come and go; nothing has
// to be opened once the filter is in force, and /proc need not be there.

import { type Call, Slot, type Step } from "../../ffi/call.ts";
import {
  closeOnExec,
  dup3,
  getpid,
  mayExecute,
  read,
  wakeParent,
  handleSignal,
} from "../../ffi/calls.ts";
import { dieAddress } from "../../ffi/agent/elf.ts";
import { agentCode } from "../../ffi/agent/executable.ts";
import { O } from "../../ffi/constants.ts";
import { EINVAL } from "../../ffi/errno.ts";
import type { Process } from "../oci/spec.ts";
import { executablePaths, exitOnFailure, planBecome, planProgram } from "./plan-process.ts";
import type { SeccompProgram } from "./request.ts";

const FIRST_FD = 3;

export interface GatePlan {
  /** Set once the process has come to the gate, or could not. */
  readonly turn: Slot;
  readonly steps: () => readonly Step[];
}

/**
 * The last batch of a container that waits at the gate.
 * @param gateFd the fifo, as the process has inherited it
 */
export function planGate(
  process: Process,
  seccomp: SeccompProgram | undefined,
  preserveFds: readonly number[],
  gateFd: number,
): GatePlan {
  const turn = new Slot("at the gate");
  const kept = (preserveFds.at(-1) ?? FIRST_FD - 1) + 1;
  const steps = (): Step[] =>
    exitOnFailure(
      [
        planKeep(gateFd, kept),
        planSignals(),
        ...planBecome(process, seccomp, [...preserveFds, kept], preserveFds.length > 0),
        planLook(process),
        planTell(turn, "at the gate: whoever made this container need not stay"),
        planWait(kept),
        planProgram(process),
      ],
      // Its maker waits for a word, whichever way it goes.
      [planTell(turn, "something failed: tell it")],
    );
  return { turn, steps };
}

const SIGNALS = { SIGHUP: 1, SIGINT: 2, SIGQUIT: 3, SIGTERM: 15 } as const;

/**
 * Kernel: the first process of a pid namespace gets no signal that it has no handler for. Whoever
 * stops a container before its start expects it to be gone, as runc's init is; execve(2) takes the
 * handlers away again.
 */
function planSignals(): Step {
  const { arch, code } = agentCode();
  const die = dieAddress(arch, code);
  return {
    why: "as long as there is no program, the signals that end one end this process",
    calls: Object.values(SIGNALS).map((signal) => handleSignal(signal, die, "end")),
  };
}

/** Right behind the descriptors that the program keeps; exec closes it. */
function planKeep(gateFd: number, kept: number): Step {
  return {
    why: "keep the gate, and nothing else of the host's",
    // Kernel: EINVAL where it lies there already.
    calls: [dup3(gateFd, kept, O.O_CLOEXEC, { tolerate: [EINVAL] }), closeOnExec(kept)],
  };
}

/** Its maker reads the results: what is not there is told at once, not at the start. */
function planLook(process: Process): Step {
  const [name = ""] = process.args;
  const calls: Call[] = [];
  for (const path of executablePaths(name, process.env ?? [])) {
    calls.push(mayExecute(path, { tolerate: "any" }));
  }
  // Kernel: a folder may be "executed". Only of a path that is given: others are tried in turn.
  if (name.includes("/")) calls.push(mayExecute(`${name}/.`, { tolerate: "any" }));
  return { why: "look whether the program is there", calls };
}

function planTell(turn: Slot, why: string): Step {
  return { why, calls: [getpid(turn), wakeParent(turn, { tolerate: "any" })] };
}

function planWait(fd: number): Step {
  return { why: "wait for the start", calls: [read(fd, new Slot("start"), 1)] };
}
