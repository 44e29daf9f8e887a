// `process` of config.json: what runs, as whom, and within which limits of its own. The same shape is
// the file of `exec --process`. Specification: config.md, "Process".

/** `process`, and the whole of the file that `exec --process` takes. */
export interface Process {
  readonly terminal?: boolean;
  readonly consoleSize?: ConsoleSize;
  readonly user: User;
  readonly args: readonly string[];
  readonly env?: readonly string[];
  readonly cwd: string;
  readonly capabilities?: Capabilities;
  readonly rlimits?: readonly Rlimit[];
  readonly noNewPrivileges?: boolean;
  readonly apparmorProfile?: string;
  readonly oomScoreAdj?: number;
  readonly scheduler?: Scheduler;
  readonly selinuxLabel?: string;
  readonly ioPriority?: IoPriority;
  readonly execCPUAffinity?: CpuAffinity;
}

/** The size of the terminal, in characters. */
export interface ConsoleSize {
  readonly height: number;
  readonly width: number;
}

/** The identity of the process, in ids of the container. */
export interface User {
  readonly uid: number;
  readonly gid: number;
  readonly umask?: number;
  readonly additionalGids?: readonly number[];
}

/** Five sets of names such as `CAP_KILL`; an absent set is an empty one. See capabilities(7). */
export interface Capabilities {
  readonly bounding?: readonly string[];
  readonly effective?: readonly string[];
  readonly inheritable?: readonly string[];
  readonly permitted?: readonly string[];
  readonly ambient?: readonly string[];
}

/** One limit of setrlimit(2); values from RLIM_INFINITY on mean "no limit". */
export interface Rlimit {
  /** `RLIMIT_NOFILE` and the like. */
  readonly type: string;
  readonly hard: number;
  readonly soft: number;
}

export type SchedulerPolicy =
  | "SCHED_OTHER"
  | "SCHED_FIFO"
  | "SCHED_RR"
  | "SCHED_BATCH"
  | "SCHED_ISO"
  | "SCHED_IDLE"
  | "SCHED_DEADLINE";

export type SchedulerFlag =
  | "SCHED_FLAG_RESET_ON_FORK"
  | "SCHED_FLAG_RECLAIM"
  | "SCHED_FLAG_DL_OVERRUN"
  | "SCHED_FLAG_KEEP_POLICY"
  | "SCHED_FLAG_KEEP_PARAMS"
  | "SCHED_FLAG_UTIL_CLAMP_MIN"
  | "SCHED_FLAG_UTIL_CLAMP_MAX";

/** What sched_setattr(2) is given; `runtime`, `deadline` and `period` are nanoseconds. */
export interface Scheduler {
  readonly policy: SchedulerPolicy;
  readonly nice?: number;
  readonly priority?: number;
  readonly flags?: readonly SchedulerFlag[];
  readonly runtime?: number;
  readonly deadline?: number;
  readonly period?: number;
}

/** What ioprio_set(2) is given; priority 0 (highest) to 7. */
export interface IoPriority {
  readonly class: "IOPRIO_CLASS_RT" | "IOPRIO_CLASS_BE" | "IOPRIO_CLASS_IDLE";
  readonly priority: number;
}

/** CPU lists ("0-3,7") for a process of `exec`, before and after it has joined the cgroup. */
export interface CpuAffinity {
  readonly initial?: string;
  readonly final?: string;
}
