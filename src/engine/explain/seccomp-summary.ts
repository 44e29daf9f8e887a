// What a seccomp filter means, found out by running it on every system call of this machine.

import { errnoName } from "../../../ffi/errno.ts";
import {
  SECCOMP_RET_ALLOW,
  SECCOMP_RET_ERRNO,
  SECCOMP_RET_KILL_PROCESS,
  SECCOMP_RET_KILL_THREAD,
  SECCOMP_RET_LOG,
} from "../../seccomp/actions.ts";
import { AUDIT_ARCH } from "../../seccomp/compile.ts";
import { simulate } from "../../seccomp/simulate.ts";
import { listSyscalls } from "../../seccomp/syscalls.ts";
import type { SeccompSummary } from "./explanation.ts";

const INSTRUCTION_BYTES = 8;
const ACTION_MASK = 0xffff0000;

// Arguments that the conditions of real profiles tell apart: nothing, everything, and personality's
// and clone's usual ones.
const PROBES = [0, 0xffff_ffff, 1, 2, 0x0001_0000, 0x7e02_0000];

/** @param origin where the program comes from, for the reader */
export function summarizeSeccomp(program: Uint8Array, origin: string): SeccompSummary {
  const arch = process.arch === "arm64" ? "aarch64" : "x86_64";
  const conditional: string[] = [];
  const refused: Record<string, number> = {};
  let allowed = 0;
  for (const [name, nr] of listSyscalls(arch)) {
    const answers = new Set(PROBES.map((value) => probe(program, AUDIT_ARCH[arch], nr, value)));
    const [answer = 0] = answers;
    if (answers.size > 1) conditional.push(name);
    else if (answer === SECCOMP_RET_ALLOW || answer === SECCOMP_RET_LOG) allowed += 1;
    else refused[describe(answer)] = (refused[describe(answer)] ?? 0) + 1;
  }
  return {
    instructions: program.length / INSTRUCTION_BYTES,
    origin,
    allowed,
    conditional,
    refused,
  };
}

function probe(program: Uint8Array, arch: number, nr: number, value: number): number {
  return simulate(program, { arch, nr, args: [value, value, value, value, value, value] });
}

function describe(answer: number): string {
  const action = (answer & ACTION_MASK) >>> 0;
  if (action === SECCOMP_RET_ERRNO) return errnoName(answer & 0xffff);
  const kills = action === SECCOMP_RET_KILL_PROCESS || action === SECCOMP_RET_KILL_THREAD;
  return kills ? "killed" : "told to a tracer";
}
