// Making and limiting a cgroup as calls of the agent, for a run that is replayed: the same steps that
// cgroups/steps.ts performs from here. What is above it is there by then, and only looked at.

import { deviceProgram } from "../../cgroups/device-program.ts";
import type { DevicePolicy } from "../../cgroups/device-rules.ts";
import { type CgroupStep, isDelegated, type WriteStep } from "../../cgroups/steps.ts";
import { AddressOf, type Call, Slot, type Step } from "../../ffi/call.ts";
import {
  bpfAttachDeviceProgram,
  bpfLoadDeviceProgram,
  close,
  compareSlot,
  dup3,
  mkdirat,
  openat,
  read,
  write,
} from "../../ffi/calls.ts";
import { AT_FDCWD, O } from "../../ffi/constants.ts";
import { EEXIST, ENOENT } from "../../ffi/errno.ts";

const VALUE_BYTES = 4096;

/** By numbers, as bpf(2) has them in a struct: those of a guardian are from 240 on. */
const FDS = { cgroup: 250, program: 251 } as const;

/**
 * The steps as calls; undefined where one of them cannot be said without looking in between. A
 * cgroup that is there already, or a limit that cannot be had, ends the batch.
 */
export function planCgroupSteps(steps: readonly CgroupStep[]): Step[] | undefined {
  const planned: Step[] = [];
  for (const step of steps) {
    const calls = planStep(step, steps);
    if (calls === undefined) return undefined;
    if (calls.length > 0) planned.push({ why: step.why, calls });
  }
  return planned;
}

function planStep(step: CgroupStep, all: readonly CgroupStep[]): Call[] | undefined {
  switch (step.op) {
    case "mkdir":
      return isParent(step.path, all) ? [] : planDirectory(step.path, freezerOf(all));
    case "write":
      return planWrite(step);
    case "inherit":
      return planInherit(step.path);
    case "delegate":
      return isDelegated(step.directory, step.required) ? [] : undefined;
    case "attach-device-filter":
      return planDeviceFilter(step.path, step.policy);
  }
}

/** One that hands controllers down: that it does so was looked at. */
function isParent(path: string, all: readonly CgroupStep[]): boolean {
  return all.some((step) => step.op === "delegate" && step.directory === path);
}

/** The one above is usually there; it stays. This one must be new, and its processes may run. */
function planDirectory(path: string, freezer: Freezer): Call[] {
  const above = path.slice(0, path.lastIndexOf("/"));
  return [
    mkdirat(AT_FDCWD, above, 0o755, { tolerate: [EEXIST] }),
    mkdirat(AT_FDCWD, path, 0o755),
    ...refuseFrozen(path, freezer),
  ];
}

/** Where a cgroup says that it is frozen because one above it is: "0" or "1", at this offset. */
interface Freezer {
  readonly file: string;
  readonly offset: number;
}

const V1_FREEZER: Freezer = { file: "freezer.parent_freezing", offset: 0 };
/** Its second line, the last one. */
const V2_FREEZER: Freezer = { file: "cgroup.events", offset: "populated 0\nfrozen ".length };

const freezerOf = (steps: readonly CgroupStep[]): Freezer =>
  steps.some(({ op }) => op === "delegate") ? V2_FREEZER : V1_FREEZER;

/** "0", a line end, and nothing behind it. */
const NOT_FREEZING = 0x0a30;

/**
 * Kernel: who joins a cgroup that is frozen, or below one that is, hangs: in v1 out of reach of any
 * signal. v1's other hierarchies have no such file.
 */
function refuseFrozen(directory: string, { file, offset }: Freezer): Call[] {
  const path = `${directory}/${file}`;
  const fd = new Slot(path);
  const value = new Slot("freezing");
  return [
    openat(AT_FDCWD, path, O.O_RDONLY, { into: fd, tolerate: [ENOENT], skipAfterError: 3 }),
    { name: "pread64", args: [fd, new AddressOf(value), 4, offset], path },
    compareSlot(value, NOT_FREEZING),
    close(fd),
  ];
}

/** Where somebody is to be warned, that is told by who performs the steps: here it is a failure. */
function planWrite(step: WriteStep): Call[] {
  const { path, value, optional = false, otherwise, warning } = step;
  const instead = otherwise === undefined ? [] : planOther(step, otherwise);
  const mayBeAbsent = otherwise !== undefined || (optional && warning === undefined);
  const fd = new Slot(path);
  const orSkip = mayBeAbsent ? { tolerate: [ENOENT], skipAfterError: 2 } : {};
  return [
    openat(AT_FDCWD, path, O.O_WRONLY, { into: fd, ...orSkip }),
    write(fd, value, { path }),
    { ...close(fd), skipAfterSuccess: instead.length },
    ...instead,
  ];
}

function planOther(
  { optional, warning }: WriteStep,
  other: { path: string; value: string },
): Call[] {
  return planWrite({
    op: "write",
    ...other,
    ...(optional === undefined ? {} : { optional }),
    ...(warning === undefined ? {} : { warning }),
  });
}

/** A new cgroup's is empty. Above it, where runs have been before, it is not. */
function planInherit(path: string): Call[] {
  const slash = path.lastIndexOf("/");
  const above = path.slice(0, path.lastIndexOf("/", slash - 1)) + path.slice(slash);
  const from = new Slot(above);
  const to = new Slot(path);
  const value = new Slot("value", VALUE_BYTES);
  const length = new Slot("length");
  return [
    openat(AT_FDCWD, above, O.O_RDONLY, { into: from }),
    read(from, value, VALUE_BYTES, { into: length, path: above }),
    close(from),
    openat(AT_FDCWD, path, O.O_WRONLY, { into: to }),
    { name: "write", args: [to, new AddressOf(value), length], path },
    close(to),
  ];
}

/** A new cgroup has none that it would replace. */
function planDeviceFilter(path: string, policy: DevicePolicy): Call[] {
  const cgroup = new Slot(path);
  const program = new Slot("device filter");
  return [
    openat(AT_FDCWD, path, O.O_RDONLY | O.O_DIRECTORY, { into: cgroup }),
    dup3(cgroup, FDS.cgroup, O.O_CLOEXEC),
    close(cgroup),
    bpfLoadDeviceProgram(deviceProgram(policy), { into: program }),
    dup3(program, FDS.program, O.O_CLOEXEC),
    close(program),
    bpfAttachDeviceProgram(FDS.cgroup, FDS.program, { path }),
    close(FDS.program),
    close(FDS.cgroup),
  ];
}
