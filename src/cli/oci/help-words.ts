// The words of the help pages: what each verb and each of its flags is for. A test holds them to the
// flags that the verbs have.

/** What a flag is for. */
export type FlagWords = string;

/** What a verb is for. */
export interface VerbWords {
  readonly summary: string;
  /** What follows the flags on its command line. */
  readonly usage: string;
  readonly description?: string;
  readonly flags: Readonly<Record<string, FlagWords>>;
}

const CONSOLE_SOCKET = "unix socket that receives the master of the console's pseudo-terminal";
const BUNDLE = "folder of the bundle (default: the working folder)";
const PID_FILE = "file to write the process id to";

const CREATE_FLAGS: Readonly<Record<string, FlagWords>> = {
  bundle: BUNDLE,
  config: "another file than the bundle's config.json",
  "console-socket": CONSOLE_SOCKET,
  "pidfd-socket": "unix socket that receives a pidfd of the init process",
  "pid-file": PID_FILE,
  "no-pivot": "change root instead of pivoting it: for a rootfs on a ramdisk",
  "no-new-keyring": "keep the caller's session keyring",
  "preserve-fds": "pass on this many file descriptors besides stdin, stdout and stderr",
};

const CRIU_FLAGS: Readonly<Record<string, FlagWords>> = {
  "image-path": "folder of the image (default: checkpoint)",
  "work-path": "folder of criu's logs (default: that of the image)",
  "tcp-established": "allow open TCP connections",
  "ext-unix-sk": "allow unix sockets that lead outside",
  "shell-job": "allow a terminal of the caller's",
  "lazy-pages": "move memory when it is needed, by userfaultfd",
  "file-locks": "save and restore file locks",
  "manage-cgroups-mode": "soft, full, strict or ignore (default: soft)",
  "empty-ns": "namespace to make without its properties: network, which always is",
  "auto-dedup": "keep no memory page twice",
};

/** The flags before the verb. */
export const GLOBAL_WORDS: Readonly<Record<string, FlagWords>> = {
  root: "folder of the containers' state, best on a tmpfs (default: /run/bunker/oci)",
  log: "file to write messages to (default: stderr)",
  "log-format": "format of the messages: text or json (default: text)",
  debug: "log what is done as well",
  "systemd-cgroup": "cgroupsPath is slice:prefix:name, as for systemd",
  "cgroup-manager": "cgroupfs or systemd: the same in crun's words (default: cgroupfs)",
  rootless: "accepted for compatibility: root is needed so far",
  help: "show help",
  version: "print the version",
};

/** In the order of the help page. */
export const VERB_WORDS: Readonly<Record<string, VerbWords>> = {
  checkpoint: {
    summary: "save a running container to files, by way of the program criu",
    usage: "<container-id>",
    flags: {
      ...CRIU_FLAGS,
      "parent-path": "earlier image, relative to this one: only changed memory is saved",
      "leave-running": "do not end the container",
      "tcp-skip-in-flight": "leave TCP connections out that are only being made",
      "link-remap": "link deleted files back where possible",
      "status-fd": "descriptor that gets a byte once --lazy-pages is ready",
      "page-server": "ADDRESS:PORT of a page server to send memory to",
      "pre-dump": "save only the memory, and leave the container running",
    },
  },
  create: {
    summary: "create a container",
    usage: "<container-id>",
    description:
      'Makes the container of a bundle, up to the point where its program could begin: that is what\n"PROGRAM start" does. The id must be unique on this host.',
    flags: CREATE_FLAGS,
  },
  delete: {
    summary: "delete what a container that has stopped still holds",
    usage: "<container-id>",
    flags: {
      force: "also where it is still running, or not there at all (uses SIGKILL)",
      regex: "every container whose id matches this regular expression",
    },
  },
  events: {
    summary: "tell when a container lacks memory, and what it uses of cpu, memory and disks",
    usage: "<container-id>",
    description: "Each event is a line of JSON. It ends with the container.",
    flags: {
      interval: "time between two statistics (default: 5s)",
      stats: "print the statistics once, and end",
    },
  },
  exec: {
    summary: "execute a new process inside the container",
    usage: "<container-id> <command> [command options]  || -p process.json <container-id>",
    flags: {
      "console-socket": CONSOLE_SOCKET,
      "pidfd-socket": "unix socket that receives a pidfd of the process",
      cwd: "working folder in the container",
      env: "set an environment variable: NAME=VALUE",
      tty: "allocate a pseudo-terminal",
      user: "ids to run with: uid[:gid]",
      "additional-gids": "a supplementary group, by number",
      process: "file with the process to run, as the specification describes it",
      detach: "do not wait for the process",
      "pid-file": PID_FILE,
      "process-label": "SELinux label of the process",
      apparmor: "AppArmor profile of the process",
      "no-new-privs": "the process may not gain privileges",
      cap: "add a capability",
      "preserve-fds": "pass on this many file descriptors besides stdin, stdout and stderr",
      cgroup: "run in a cgroup below the container's: [controller[,controller]:]path",
      "ignore-paused": "also in a container that is paused",
    },
  },
  features: {
    summary: "show what this runtime can do",
    usage: "",
    description: "The result is JSON, as features.md of the runtime specification describes it.",
    flags: {},
  },
  kill: {
    summary: "send a signal (SIGTERM where none is given) to the container's init process",
    usage: "<container-id> [signal]",
    flags: { all: "send it to every process of the container" },
  },
  list: {
    summary: "list the containers that were made with the given root",
    usage: "",
    flags: {
      format: "table or json (default: table)",
      quiet: "print only the ids",
    },
  },
  pause: {
    summary: "suspend all processes inside the container",
    usage: "<container-id>",
    flags: {},
  },
  ps: {
    summary: "show the processes that run inside the container",
    usage: "<container-id> [ps options]",
    description:
      "The options are those of ps(1), -ef where there are none; its table must have a PID column.",
    flags: { format: "table or json, which is the pids alone (default: table)" },
  },
  restore: {
    summary: "make a container from what checkpoint saved, by way of the program criu",
    usage: "<container-id>",
    flags: {
      ...CRIU_FLAGS,
      "console-socket": CONSOLE_SOCKET,
      bundle: BUNDLE,
      detach: "do not wait for the program",
      "pid-file": PID_FILE,
      "no-subreaper": "accepted for compatibility: there is none",
      "no-pivot": "accepted for compatibility: criu enters the root file system",
      "lsm-profile": "security profile to use, as TYPE:NAME",
      "lsm-mount-context": "security context of the mounts",
    },
  },
  resume: {
    summary: "resume all processes that have been paused",
    usage: "<container-id>",
    flags: {},
  },
  run: {
    summary: "create and run a container",
    usage: "<container-id>",
    description:
      'Does what "PROGRAM create" and "PROGRAM start" do, waits for the program, and deletes the\ncontainer. The exit code is the program\'s own.',
    flags: {
      ...CREATE_FLAGS,
      detach: "do not wait for the program",
      keep: "do not delete the container after its end",
      "no-subreaper": "accepted for compatibility: there is none",
    },
  },
  spec: {
    summary: "create a config.json to begin with",
    usage: "",
    description:
      'Its program is "sh", its root file system the folder "rootfs" beside it: edit it to make it yours.',
    flags: {
      bundle: BUNDLE,
      rootless: "for a container that is not made by root",
    },
  },
  start: {
    summary: "execute the user's program in a created container",
    usage: "<container-id>",
    flags: {},
  },
  state: {
    summary: "print the state of a container",
    usage: "<container-id>",
    flags: {},
  },
  update: {
    summary: "change the limits of a container",
    usage: "<container-id>",
    description:
      "What is not given stays as it is. The file of --resources holds what config.json has under\nlinux.resources; with it, the other flags do not count.",
    flags: {
      resources: 'file with the resources, or "-" for stdin',
      "blkio-weight": "share of the disks, from 10 to 1000",
      "cpu-period": "period of the cpu quota, in microseconds",
      "cpu-quota": "cpu time in each period, in microseconds; -1 for no limit",
      "cpu-burst": "unused quota that may be saved up, in microseconds",
      "cpu-share": "share of the cpus where they are contended for",
      "cpu-rt-period": "period of the real-time budget, in microseconds",
      "cpu-rt-runtime": "real-time budget in each period, in microseconds",
      "cpuset-cpus": "cpus to use: 0-3,7",
      "cpuset-mems": "memory nodes to use",
      memory: "memory limit, in bytes or as 64m; -1 for no limit",
      "cpu-idle": "1: run only where nobody else wants to; 0: as usual",
      "memory-reservation": "what memory is reclaimed down to first",
      "memory-swap": "limit of memory and swap together; -1 for unlimited swap",
      "pids-limit": "how many processes and threads there may be; -1 for no limit",
      "l3-cache-schema": "line for the L3 cache, as resctrl(5) takes it",
      "mem-bw-schema": "line for the memory bandwidth, as resctrl(5) takes it",
    },
  },
};
