// What a process is besides its user and its capabilities: how it is scheduled, where its memory
// comes from, which labels it has. Rare, so it is loaded only where config.json says any of it. Pure.

import { type Call, Slot, type Step, Struct } from "../../ffi/call.ts";
import { AT_FDCWD, openat, write } from "../../ffi/calls.ts";
import { O } from "../../ffi/constants.ts";
import { EPERM } from "../../ffi/errno.ts";
import type {
  IoPriority,
  Linux,
  MemoryPolicy,
  MemoryPolicyFlag,
  MemoryPolicyMode,
  Process,
  Scheduler,
  SchedulerFlag,
  SchedulerPolicy,
} from "../oci/spec.ts";

/**
 * For the process itself, once it is in its cgroup and still privileged.
 * @param linux of the container, also for a process that joins it later
 */
export function planAttributes(process: Process, linux: Linux): Step[] {
  const { scheduler, ioPriority } = process;
  const { memoryPolicy, personality, resources } = linux;
  const steps: Step[] = [];
  if (personality !== undefined) steps.push(planPersonality(personality.domain));
  if (memoryPolicy !== undefined) steps.push(planMemoryPolicy(memoryPolicy));
  if (ioPriority !== undefined) steps.push(planIoPriority(ioPriority));
  if (scheduler !== undefined) steps.push(planScheduler(scheduler, resources?.cpu?.cpus));
  return steps;
}

const PERSONALITIES = { LINUX: 0, LINUX32: 8 } as const;

/** personality(2) */
function planPersonality(domain: keyof typeof PERSONALITIES): Step {
  return {
    why: `the kernel as programs for ${domain} expect it`,
    calls: [{ name: "personality", args: [PERSONALITIES[domain]] }],
    failure: () => "unable to set personality",
  };
}

const POLICIES: Readonly<Record<SchedulerPolicy, number>> = {
  SCHED_OTHER: 0,
  SCHED_FIFO: 1,
  SCHED_RR: 2,
  SCHED_BATCH: 3,
  SCHED_ISO: 4,
  SCHED_IDLE: 5,
  SCHED_DEADLINE: 6,
};

const SCHEDULER_FLAGS: Readonly<Record<SchedulerFlag, number>> = {
  SCHED_FLAG_RESET_ON_FORK: 0x01,
  SCHED_FLAG_RECLAIM: 0x02,
  SCHED_FLAG_DL_OVERRUN: 0x04,
  SCHED_FLAG_KEEP_POLICY: 0x08,
  SCHED_FLAG_KEEP_PARAMS: 0x10,
  SCHED_FLAG_UTIL_CLAMP_MIN: 0x20,
  SCHED_FLAG_UTIL_CLAMP_MAX: 0x40,
};

const SCHED_ATTR_BYTES = 48;

/**
 * sched_setattr(2). Kernel: EPERM for SCHED_DEADLINE where the process may not use every cpu.
 *
 *   0     4       8      16    20        24       32        40      48
 *   │size │policy │flags │nice │priority │runtime │deadline │period │
 */
function planScheduler(scheduler: Scheduler, cpus: string | undefined): Step {
  const { policy, nice = 0, priority = 0, flags = [] } = scheduler;
  let bits = 0;
  for (const flag of flags) bits |= SCHEDULER_FLAGS[flag];
  const bytes = new Uint8Array(SCHED_ATTR_BYTES);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, SCHED_ATTR_BYTES, true);
  view.setUint32(4, POLICIES[policy], true);
  view.setUint32(8, bits, true);
  view.setInt32(16, nice, true);
  view.setInt32(20, priority, true);
  view.setBigUint64(24, BigInt(scheduler.runtime ?? 0), true);
  view.setBigUint64(32, BigInt(scheduler.deadline ?? 0), true);
  view.setBigUint64(40, BigInt(scheduler.period ?? 0), true);
  const attr = new Struct(bytes, () => `{${[policy, ...flags].join("|")}, nice=${nice}, …}`);
  return {
    why: `scheduled by ${policy}`,
    calls: [{ name: "sched_setattr", args: [0, attr, 0] }],
    failure: (errno) =>
      errno === EPERM && cpus !== undefined
        ? "process scheduler can't be used together with AllowedCPUs"
        : "error setting scheduler",
  };
}

const IOPRIO_WHO_PROCESS = 1;
const IOPRIO_CLASS_SHIFT = 13;
const IO_CLASSES = { IOPRIO_CLASS_RT: 1, IOPRIO_CLASS_BE: 2, IOPRIO_CLASS_IDLE: 3 } as const;

/** ioprio_set(2) */
function planIoPriority({ class: name, priority }: IoPriority): Step {
  const value = (IO_CLASSES[name] << IOPRIO_CLASS_SHIFT) | priority;
  return {
    why: `input and output by ${name}, priority ${priority}`,
    calls: [{ name: "ioprio_set", args: [IOPRIO_WHO_PROCESS, 0, value] }],
    failure: () => "failed to set io priority",
  };
}

const MEMORY_MODES: Readonly<Record<MemoryPolicyMode, number>> = {
  MPOL_DEFAULT: 0,
  MPOL_PREFERRED: 1,
  MPOL_BIND: 2,
  MPOL_INTERLEAVE: 3,
  MPOL_LOCAL: 4,
  MPOL_PREFERRED_MANY: 5,
  MPOL_WEIGHTED_INTERLEAVE: 6,
};

const MEMORY_FLAGS: Readonly<Record<MemoryPolicyFlag, number>> = {
  MPOL_F_NUMA_BALANCING: 1 << 13,
  MPOL_F_RELATIVE_NODES: 1 << 14,
  MPOL_F_STATIC_NODES: 1 << 15,
};

/** set_mempolicy(2). Kernel: the last bit of the mask does not count, so one more is named. */
function planMemoryPolicy({ mode, nodes = "", flags = [] }: MemoryPolicy): Step {
  let bits = MEMORY_MODES[mode];
  for (const flag of flags) bits |= MEMORY_FLAGS[flag];
  const mask = nodes === "" ? undefined : bitMask(nodes);
  const args: Call["args"] =
    mask === undefined
      ? [bits, null, 0]
      : [bits, new Struct(mask, () => `{${nodes}}`), mask.length * 8 + 1];
  return {
    why: `memory from the nodes that ${mode} takes`,
    calls: [{ name: "set_mempolicy", args }],
    failure: () => "unable to set memory policy",
  };
}

const LONG_BITS = 64;

/** The bits of a list such as "0-3,7", in whole words of the kernel's. */
function bitMask(list: string): Uint8Array {
  const ranges = parseRanges(list);
  let last = 0;
  for (const range of ranges) last = Math.max(last, range.last);
  const bytes = new Uint8Array((Math.floor(last / LONG_BITS) + 1) * (LONG_BITS / 8));
  for (const range of ranges) {
    for (let bit = range.first; bit <= range.last; bit++) {
      bytes[bit >> 3] = (bytes[bit >> 3] ?? 0) | (1 << (bit & 7));
    }
  }
  return bytes;
}

function parseRanges(list: string): { first: number; last: number }[] {
  const ranges: { first: number; last: number }[] = [];
  for (const part of list.split(",")) {
    if (part.trim() === "") continue;
    const [first = "", last = first] = part.split("-");
    ranges.push({ first: Number(first), last: Number(last) });
  }
  return ranges;
}

/**
 * The labels of the program's, where the kernel has a module for them. Order: written by the process
 * itself, while the host's /proc is in sight: a rootfs may have something else there
 * (CVE-2019-16884). They take effect with the next execve(2).
 */
export function planLabels({ apparmorProfile, selinuxLabel }: Process): Step[] {
  const steps: Step[] = [];
  if (apparmorProfile !== undefined) {
    steps.push({
      why: `confined by the AppArmor profile ${apparmorProfile}`,
      calls: writeAttribute("apparmor/exec", `exec ${apparmorProfile}`),
      failure: () => `unable to apply apparmor profile: apparmor failed to apply profile`,
    });
  }
  if (selinuxLabel !== undefined) {
    steps.push({
      why: `with the SELinux label ${selinuxLabel}`,
      calls: [
        ...writeAttribute("exec", selinuxLabel),
        ...writeAttribute("keycreate", selinuxLabel),
      ],
      failure: () => `error setting label "${selinuxLabel}"`,
    });
  }
  return steps;
}

function writeAttribute(name: string, value: string): Call[] {
  const path = `/proc/self/attr/${name}`;
  const fd = new Slot(name);
  return [openat(AT_FDCWD, path, O.O_WRONLY, { into: fd }), write(fd, value, { path })];
}
