// What the namespace tools and `explain` were asked to do: the values that the command line hands to
// the engine. Those of `run` are in run-options.ts.

/** Namespaces by the kernel's own short names, /proc/PID/ns. */
export type NamespaceName = "mnt" | "uts" | "ipc" | "net" | "pid" | "user" | "cgroup" | "time";

/** `bunker unshare`, unshare(2). */
export interface UnshareOptions {
  readonly namespaces: readonly NamespaceName[];
  /** Run the program as a child, so that it is pid 1 of a new pid namespace. */
  readonly fork: boolean;
  /** Mount a fresh /proc. */
  readonly mountProc: boolean;
  /** Map the caller to root of the new user namespace. */
  readonly mapRootUser: boolean;
  /** The program and its arguments; empty: the caller's shell. */
  readonly command: readonly string[];
}

/** `bunker nsenter`, setns(2). */
export interface EnterOptions {
  readonly targets: readonly EnterTarget[];
  /** Which of a process's namespaces; empty: all of them. Files say for themselves which. */
  readonly namespaces: readonly NamespaceName[];
  /** The program and its arguments; empty: the caller's shell. */
  readonly command: readonly string[];
}

/** A process whose namespaces are entered, or a namespace's file. */
export type EnterTarget =
  { readonly kind: "pid"; readonly pid: number } | { readonly kind: "file"; readonly path: string };

/** `bunker clone`, clone(2) into a new UTS namespace. */
export interface CloneOptions {
  readonly hostname: string;
  /** The program and its arguments; empty: the caller's shell. */
  readonly command: readonly string[];
}

/** How `explain` prints a plan. */
export type ExplainFormat = "text" | "json";
