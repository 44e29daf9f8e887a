// The state JSON: what `state` prints, hooks read on stdin, and a seccomp agent receives.
// Specification: runtime.md "State", config-linux.md "ContainerProcessState".

/** Where a container is in its life. `paused` is runc's addition to the specification's four. */
export type Status = "creating" | "created" | "running" | "stopped" | "paused";

/** The state that the specification defines: the stdin of every hook. */
export interface State {
  readonly ociVersion: string;
  readonly id: string;
  readonly status: Status;
  /** In the pid namespace of the runtime; absent (in runc's `state`: 0) when stopped. */
  readonly pid?: number;
  /** Absolute. */
  readonly bundle: string;
  readonly annotations?: Readonly<Record<string, string>>;
}

/** What `state` and `list --format json` print: the specification's state and runc's additions. */
export interface PrintedState extends State {
  readonly pid: number;
  /** Absolute. */
  readonly rootfs: string;
  /** RFC 3339 with nanoseconds, in UTC. */
  readonly created: string;
  /** The name of the user who made it; `state` leaves it empty, `list` fills it in. */
  readonly owner: string;
}

/** What a seccomp agent receives, beside the file descriptors that `fds` names in their order. */
export interface ContainerProcessState {
  readonly ociVersion: string;
  readonly fds: readonly string[];
  readonly pid: number;
  readonly metadata?: string;
  readonly state: State;
}

/** The name in `fds` of the seccomp notification descriptor. */
export const SECCOMP_FD_NAME = "seccompFd";
