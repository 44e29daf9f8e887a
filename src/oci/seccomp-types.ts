// The types of `linux.seccomp` in a config.json: OCI runtime-spec 1.2, config-linux.md, "Seccomp".
// Text that names something (an action, an operator) is still any text here: src/seccomp/ refuses
// what it does not know, with the place where it stands.

/** One condition on one argument of a system call. */
export interface LinuxSeccompArg {
  /** 0 to 5. */
  readonly index: number;
  /**
   * Unsigned, 64 bits; the mask where `op` is SCMP_CMP_MASKED_EQ. A bigint above 2^53: a number
   * that JSON.parse has rounded is refused.
   */
  readonly value: number | bigint;
  /** What the masked argument must equal; 0 unless given. */
  readonly valueTwo?: number | bigint;
  /** SCMP_CMP_NE, LT, LE, EQ, GE, GT or MASKED_EQ. */
  readonly op: string;
}

/** What happens to a list of system calls, on all conditions in `args`. */
export interface LinuxSyscall {
  readonly names: readonly string[];
  readonly action: string;
  /** For SCMP_ACT_ERRNO and SCMP_ACT_TRACE; EPERM unless given. */
  readonly errnoRet?: number;
  readonly args?: readonly LinuxSeccompArg[];
}

/** `linux.seccomp`. */
export interface LinuxSeccomp {
  readonly defaultAction: string;
  readonly defaultErrnoRet?: number;
  /** SCMP_ARCH_…; the machine's own is always meant as well. */
  readonly architectures?: readonly string[];
  /** SECCOMP_FILTER_FLAG_…; absent is not the same as empty (see flags.ts). */
  readonly flags?: readonly string[];
  /** Unix socket that takes the listener's file descriptor, for SCMP_ACT_NOTIFY. */
  readonly listenerPath?: string;
  readonly listenerMetadata?: string;
  readonly syscalls?: readonly LinuxSyscall[];
}
