// What is to be done to the cgroup file system, as a list of small records, and the loop that
// performs it. The planners below v1/ and v2/ make the lists; `explain` prints them.

import { makeDirectoryTree } from "../ffi/files.ts";
import { type SyscallError, isSyscallError } from "../ffi/syscall-error.ts";
import { readControlFile, writeControlFile } from "./control-file.ts";
import type { DevicePolicy } from "./device-rules.ts";
import { attachDeviceFilter } from "./v2/device-filter.ts";

export interface WriteStep {
  readonly op: "write";
  readonly path: string;
  readonly value: string;
  /** Left out where the file is absent: swap accounting off, an older kernel. */
  readonly optional?: boolean;
  /** Written where `path` is absent. */
  readonly otherwise?: { readonly path: string; readonly value: string };
  /** What the user is told where it was asked for and left out. */
  readonly warning?: string;
}

export type CgroupStep = { readonly why: string } & (
  | { readonly op: "mkdir"; readonly path: string }
  | WriteStep
  /** Takes the value of the cgroup above, and that one of the next, where it is still empty. */
  | { readonly op: "inherit"; readonly path: string }
  /** Enables controllers for the children of `directory`; only the required ones must succeed. */
  | {
      readonly op: "delegate";
      readonly directory: string;
      readonly controllers: readonly string[];
      readonly required: readonly string[];
    }
  | { readonly op: "attach-device-filter"; readonly path: string; readonly policy: DevicePolicy }
);

/** A step that writes `value`; `extra` carries `optional`, `otherwise`, `warning`. */
export function writeStep(
  path: string,
  value: string | number,
  why: string,
  extra?: Pick<WriteStep, "optional" | "otherwise" | "warning">,
): CgroupStep {
  return { op: "write", path, value: String(value), why, ...extra };
}

/**
 * Performs the steps in order. What comes back are the optional steps that were left out, each
 * worth a warning. Throws the SyscallError of the first step that failed: what was made until then
 * is the caller's to remove.
 */
export function applySteps(steps: readonly CgroupStep[]): CgroupStep[] {
  const leftOut: CgroupStep[] = [];
  for (const step of steps) if (!applyStep(step)) leftOut.push(step);
  return leftOut;
}

function applyStep(step: CgroupStep): boolean {
  switch (step.op) {
    case "mkdir":
      makeDirectoryTree(step.path, 0o755);
      return true;
    case "write":
      return write(step);
    case "inherit":
      inherit(step.path);
      return true;
    case "delegate":
      delegate(step.directory, step.controllers, step.required);
      return true;
    case "attach-device-filter":
      attachDeviceFilter(step.path, step.policy);
      return true;
  }
}

function write(step: WriteStep): boolean {
  try {
    writeControlFile(step.path, step.value);
    return true;
  } catch (error) {
    if (!isAbsent(error)) throw error;
    const { otherwise, optional = false } = step;
    if (otherwise !== undefined) return write({ ...otherwise, op: "write", optional });
    if (step.optional === true) return false;
    throw error;
  }
}

function isAbsent(error: unknown): error is SyscallError {
  return isSyscallError(error, "ENOENT") && error.syscall === "open";
}

/** The file's value once it has one; "" where there is no such file any more. */
function inherit(path: string): string {
  const own = readControlFile(path);
  if (own === undefined) return "";
  const value = own.trim();
  if (value !== "") return value;
  const slash = path.lastIndexOf("/");
  const above = inherit(path.slice(0, path.lastIndexOf("/", slash - 1)) + path.slice(slash));
  if (above !== "") writeControlFile(path, above);
  return above;
}

// Kernel: a write to cgroup.subtree_control waits for cgroups that are still going away below, so
// it is worth a read to find that nothing is to be done.
function delegate(
  directory: string,
  controllers: readonly string[],
  required: readonly string[],
): void {
  const path = subtreeControl(directory);
  const enabled = readEnabled(directory);
  const missing: string[] = [];
  for (const controller of controllers) if (!enabled.includes(controller)) missing.push(controller);
  if (missing.length === 0) return;
  try {
    writeControlFile(path, `+${missing.join(" +")}`);
  } catch (error) {
    // Kernel: EBUSY is for a cgroup with processes, which can hand nothing down but cpu, cpuset and
    // pids: and those would make it a threaded one, whose children no container can join.
    if (isSyscallError(error, "EBUSY")) return throwIfRequired(error, missing, required);
    // One controller that cannot be had makes the kernel refuse them all: now one at a time.
    for (const controller of missing) enable(path, controller, required);
  }
}

const subtreeControl = (directory: string): string => `${directory}/cgroup.subtree_control`;

/** The controllers that the children of `directory` have; none where there is no such cgroup. */
function readEnabled(directory: string): string[] {
  return (readControlFile(subtreeControl(directory)) ?? "").trim().split(" ");
}

/**
 * Whether a `delegate` step is done with, as far as it must be: what it could not enable the time
 * before, it cannot now.
 */
export function isDelegated(directory: string, required: readonly string[]): boolean {
  const enabled = readEnabled(directory);
  return required.every((controller) => enabled.includes(controller));
}

function enable(path: string, controller: string, required: readonly string[]): void {
  try {
    writeControlFile(path, `+${controller}`);
  } catch (error) {
    throwIfRequired(error, [controller], required);
  }
}

function throwIfRequired(
  error: unknown,
  missing: readonly string[],
  required: readonly string[],
): void {
  if (missing.some((controller) => required.includes(controller))) throw error;
}
