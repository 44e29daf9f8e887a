// Making and limiting a cgroup as calls of the agent, for a run that is replayed: the same steps that
// cgroups/steps.ts performs from here. Pure.

import type { CgroupStep, WriteStep } from "../../cgroups/steps.ts";
import { AddressOf, type Call, Slot, type Step } from "../../ffi/call.ts";
import { close, compareSlot, mkdirat, openat, read, write } from "../../ffi/calls.ts";
import { AT_FDCWD, O } from "../../ffi/constants.ts";
import { EEXIST, ENOENT } from "../../ffi/errno.ts";

const VALUE_BYTES = 4096;

/**
 * The steps as calls; undefined where one of them cannot be said without looking in between. A
 * cgroup that is there already, or a limit that cannot be had, ends the batch.
 */
export function planCgroupSteps(steps: readonly CgroupStep[]): Step[] | undefined {
  const planned: Step[] = [];
  for (const step of steps) {
    const calls = planStep(step);
    if (calls === undefined) return undefined;
    planned.push({ why: step.why, calls });
  }
  return planned;
}

function planStep(step: CgroupStep): Call[] | undefined {
  switch (step.op) {
    case "mkdir":
      return planDirectory(step.path);
    case "write":
      return planWrite(step);
    case "inherit":
      return planInherit(step.path);
    case "delegate":
    case "attach-device-filter":
      return undefined;
  }
}

/** The one above is usually there; it stays. This one must be new, and its processes may run. */
function planDirectory(path: string): Call[] {
  const above = path.slice(0, path.lastIndexOf("/"));
  return [
    mkdirat(AT_FDCWD, above, 0o755, { tolerate: [EEXIST] }),
    mkdirat(AT_FDCWD, path, 0o755),
    ...refuseFrozen(path),
  ];
}

/** "0", a line end, and what was not read. */
const NOT_FREEZING = 0x0a30;

/**
 * Kernel: who joins a v1 cgroup that is frozen, or below one that is, hangs out of reach of any
 * signal. Other hierarchies have no such file.
 */
function refuseFrozen(directory: string): Call[] {
  const path = `${directory}/freezer.parent_freezing`;
  const fd = new Slot(path);
  const value = new Slot("freezing");
  return [
    openat(AT_FDCWD, path, O.O_RDONLY, { into: fd, tolerate: [ENOENT], skipAfterError: 3 }),
    read(fd, value, 4, { path }),
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
