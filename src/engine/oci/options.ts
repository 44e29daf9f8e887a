// What each verb of the OCI runtime takes: the command line's flags, parsed, paths absolute.

/** What holds for every verb. */
export interface OciGlobals {
  /** Where the containers' state is: /run/bunker/oci unless said. */
  readonly root: string;
  readonly systemdCgroup: boolean;
  /** The file of --log, which is open by now. */
  readonly log?: string;
  /** The name it was called by, for messages: "runc", "bunker oci". */
  readonly name: string;
  /** For what is worth telling without being an error: goes to the log. */
  readonly warn: (message: string) => void;
  /** Descriptors from 3 on that the caller has opened, where any are to be passed on. */
  readonly inheritedFds?: readonly number[];
  /** For --debug. */
  readonly debug: (message: string) => void;
}

export interface CreateOptions {
  readonly id: string;
  /** Absolute. */
  readonly bundle: string;
  /** Another file than config.json, relative to the bundle unless absolute. */
  readonly config?: string;
  readonly pidFile?: string;
  readonly consoleSocket?: string;
  readonly pidfdSocket?: string;
  /** How many descriptors from 3 on the program keeps. */
  readonly preserveFds: number;
  readonly noPivot: boolean;
  readonly noNewKeyring: boolean;
}

export interface RunOptions extends CreateOptions {
  readonly detach: boolean;
  readonly keep: boolean;
}

export interface ExecOptions {
  readonly id: string;
  /** The file of --process, which may be a pipe: read once. Then the next ones do not count. */
  readonly process?: { readonly path: string; readonly text: string };
  readonly args: readonly string[];
  readonly env: readonly string[];
  readonly cwd?: string;
  readonly user?: { readonly uid: number; readonly gid?: number };
  readonly additionalGids: readonly number[];
  readonly tty: boolean;
  readonly capabilities: readonly string[];
  readonly noNewPrivileges: boolean;
  readonly apparmor?: string;
  readonly processLabel?: string;
  /** Cgroups below the container's; on v1 "controller[,controller]:path" as well. */
  readonly cgroups: readonly string[];
  readonly ignorePaused: boolean;
  readonly detach: boolean;
  readonly pidFile?: string;
  readonly consoleSocket?: string;
  readonly pidfdSocket?: string;
  readonly preserveFds: number;
}

export interface KillOptions {
  readonly id: string;
  readonly signal: number;
  /** Every process of the container, not just the first. */
  readonly all: boolean;
}

export interface DeleteOptions {
  readonly id: string;
  readonly force: boolean;
}
