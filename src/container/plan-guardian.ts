// The guardian of a detached container: the agent, which stays as the parent of the init process,
// carries what that writes into the log, and keeps its exit status. It needs nobody, holds some 40 KiB,
// and is no program of its own: the loop below is data. Pure.
//
//   guardian                                        the log
//   waits for output, or for the end of init
//   writes a mark: time, offset, stream ──────────▶ log/0/marks, 32 bytes each
//   splice(2): from the pipe into the file ───────▶ log/0/bytes, the very bytes
//   …
//   init has ended: what is left in the pipes ────▶ log
//   waitid ───────────────────────────────────────▶ exit: siginfo, time
//   execve ▶ bunker, to clear up or to start again
//
// Deputy: a child of the guardian with the same descriptors, the terminal among them, waits for the lock
// that the guardian has on the exit file. The kernel gives it the lock at the moment that the guardian is
// gone; then it makes a deputy of its own and goes on in the same loop. It leaves the cgroup of whoever has
// started the container, so that what ends all in there ends the guardian alone. Where the deputy is killed, the
// guardian makes another one. Only where both are killed at once a later command starts a new guardian on
// the same fifos: that one is "adopted", and has no terminal.
//
// Who is not the parent of the init process asks its pidfd how that has ended: Linux 6.15.
//
// Crash: splice moves bytes from the pipe into the file inside the kernel, so there is no moment at
// which they are in neither. The mark comes first: one without bytes behind it is harmless.
//
// Rotation: the kernel says EFBIG at the limit of RLIMIT_FSIZE, having taken what fits; log/0 becomes
// log/1 with one rename(2), and the loop goes on where it was. As bytes and marks move together, nobody
// ever finds the ones without the others.

import { DEPUTY_PAGE } from "../../ffi/agent/performer.ts";
import { AddressOf, type Call, Slot, type Step, StringArray, Struct } from "../../ffi/call.ts";
import {
  AT_FDCWD,
  chdir,
  clone,
  close,
  compareSlot,
  dup3,
  execve,
  exitGroup,
  getpid,
  openat,
  prctl,
  setrlimit,
  waitid,
  wakeParent,
  write,
} from "../../ffi/calls.ts";
import { AT, O, P_PID, PR, RLIMIT, W } from "../../ffi/constants.ts";
import { F, FD_CLOEXEC, wholeFile } from "../../ffi/fcntl.ts";
import { EAGAIN, EBADF, EFBIG, EINVAL, EIO, ENOLCK } from "../../ffi/errno.ts";
import {
  ADOPTED_OFFSET,
  BYTES_FILE,
  EXIT_BYTES,
  GONE,
  MARK_BYTES,
  MARK_OFFSET,
  MARK_STREAM,
  MARKS_FILE,
  NEXT_TURN,
  PIDFD_INFO_EXIT,
  PIDFD_INFO_UNANSWERED,
  PIDFD_INFO_UPPER_OFFSET,
  SIGINFO_BYTES,
  STDERR_STREAM,
  STDOUT_STREAM,
  THIS_TURN,
} from "./guardian-files.ts";
import { type Line, linkLines } from "./lines.ts";
import { ROOT_TASKS } from "./root-cgroup.ts";

/** What the guardian has to do with: descriptors that it has inherited, and paths of the host. */
export interface GuardianRequest {
  /** The reading ends; of a terminal the master, which the agent has fetched into a slot. */
  readonly streams:
    | { readonly kind: "pipes"; readonly stdout: number; readonly stderr: number }
    | { readonly kind: "terminal"; readonly master: Slot };
  readonly log?: LogFiles;
  /** Gets the siginfo of the end, and the time. */
  readonly exitFd: number;
  /** Where that is, as long as there is anything to guard. */
  readonly exitPath: string;
  /** What comes after the end: bunker with its arguments. */
  readonly after: {
    readonly path: string;
    readonly args: readonly string[];
    readonly env: readonly string[];
  };
}

/** The files of the log: descriptors to begin with, and how they are rotated. */
export interface LogFiles {
  readonly fd: number;
  readonly indexFd: number;
  /** Has a folder for each pair of files: 0 is the present one, 1 the one before … */
  readonly folder: string;
  /** A multiple of a mark's size. No limit: it is never rotated. */
  readonly maxBytes?: number;
  /** How many files there are at most, the present one among them. */
  readonly maxFiles: number;
}

const PIDFD_GET_INFO = 0xc040_ff0b;
const REAPED_TIMEOUT_S = 5;

const GUARDIAN_NAME = "bunker-guardian";
const POLLFD_BYTES = 8;
const POLLIN = 1;
const SPLICE_BYTES = 1024 * 1024;
const SPLICE_F_MOVE_NONBLOCK = 3;
const SEEK_CUR = 1;
const SEEK_END = 2;
const CLOCK_REALTIME = 0;
const SIGXFSZ = 25;
const SIGCHLD = 17;
const SIGSET_BYTES = 8;
const SIGACTION_BYTES = 32;

export interface GuardianPlan {
  /** Whose failure is still told. */
  readonly settle: readonly Step[];
  /** It never ends but by exit. */
  readonly guard: readonly Step[];
  /** Where `guard` lies: to be filled in before `deputy` is written. */
  readonly start: Slot;
  /** What the deputy does, on DEPUTY_PAGE; it ends in `guard`. */
  readonly deputy: readonly Step[];
  /** Set once the guardian needs its maker no more: its deputy is made, or none can be. */
  readonly deputyPid: Slot;
}

/** An init process that is somebody else's child. */
export interface AdoptedInit {
  /** An inherited pidfd. */
  readonly pidfd: number;
}

/** The guardian's last two batches. @param init the pid of its child, unless it is adopted */
export function planGuardian(request: GuardianRequest, init: Slot | AdoptedInit): GuardianPlan {
  const loop = new Loop(request, init);
  const settle: Step[] = [
    { why: "be the only guardian", calls: [tryLock(request.exitFd)] },
    { why: "hold nothing of the command line's", calls: planDetach() },
    { why: "know of the end of the init process", calls: [...loop.prepare(), ...loop.watchInit()] },
    ...planLimit(request.log),
  ];
  const why = "carry output to the log until the end, then hand over";
  const { start, deputyPid } = loop;
  return {
    settle,
    guard: [{ why, calls: loop.calls() }],
    start,
    deputy: [{ why: "take its place once the guardian is gone", calls: loop.deputize() }],
    deputyPid,
  };
}

/** Of the whole file, and the process' own: no child has it. fcntl(2) */
function lock(fd: number, command: typeof F.F_SETLK | typeof F.F_SETLKW): Call {
  return { name: "fcntl", args: [fd, command, new Struct(wholeFile(), () => "{F_WRLCK}")] };
}

/** Fails where there is a guardian, or a deputy on its way; not where there are no locks. */
const tryLock = (exitFd: number): Call => ({
  ...lock(exitFd, F.F_SETLK),
  tolerate: [EINVAL, ENOLCK],
});

function planDetach(): Call[] {
  const nothing = new Slot("/dev/null");
  return [
    openat(AT_FDCWD, "/dev/null", O.O_RDWR, { into: nothing }),
    dup3(nothing, 0, 0),
    dup3(nothing, 1, 0),
    dup3(nothing, 2, 0),
    close(nothing),
    { name: "chdir", args: ["/"] },
  ];
}

/** The soft limit alone, as what comes after needs the old one back. */
function planLimit(log: LogFiles | undefined): Step[] {
  if (log?.maxBytes === undefined) return [];
  const ignore = new Uint8Array(SIGACTION_BYTES);
  ignore[0] = 1;
  return [
    {
      why: "at the log's limit the kernel is to say so",
      calls: [
        {
          name: "rt_sigaction",
          args: [SIGXFSZ, new Struct(ignore, () => "{SIG_IGN}"), null, SIGSET_BYTES],
        },
        setrlimit(RLIMIT.RLIMIT_FSIZE, "RLIMIT_FSIZE", log.maxBytes, Infinity),
      ],
    },
  ];
}

/** A stream of output: where it is polled, and how its lines are called. */
interface Stream {
  readonly name: string;
  readonly index: number;
  readonly mark: Slot;
}

class Loop {
  /** pollfds: the streams, the init process, the deputy; and room for a store of 64 bits behind them. */
  readonly #pollfds: Slot;
  readonly #count: number;
  readonly #streams: readonly Stream[];
  readonly #moved = new Slot("bytes moved");
  readonly #exit: Slot;
  /** The same as its pidfd tells it. */
  readonly #info = new Slot("the end", EXIT_BYTES, askForExit());
  readonly #pidfd = new Slot("pidfd");
  readonly start = new Slot("the loop");
  readonly deputyPid = new Slot("deputy");
  /** Set once the end is written. */
  readonly #isOver = new Slot("is over");

  constructor(
    readonly request: GuardianRequest,
    readonly init: Slot | AdoptedInit,
  ) {
    this.#exit = new Slot("the end", EXIT_BYTES);
    const names = request.streams.kind === "pipes" ? ["stdout", "stderr"] : ["terminal"];
    this.#streams = names.map((name, index) => ({
      name,
      index,
      mark: makeMark(index === 0 ? STDOUT_STREAM : STDERR_STREAM),
    }));
    this.#count = names.length + 2;
    this.#pollfds = new Slot("pollfds", this.#count * POLLFD_BYTES + 8, this.#firstPollfds());
  }

  #firstPollfds(): Uint8Array {
    const words = new Int32Array(this.#count * 2 + 2);
    const { streams } = this.request;
    if (streams.kind === "pipes") words.set([streams.stdout, POLLIN, streams.stderr, POLLIN]);
    return new Uint8Array(words.buffer);
  }

  get #initIndex(): number {
    return this.#streams.length;
  }

  get #deputyIndex(): number {
    return this.#streams.length + 1;
  }

  /** Where a descriptor and what is asked of it are stored; each store reaches into what comes next. */
  #fields(index: number) {
    const fd = index * POLLFD_BYTES;
    return { into: this.#pollfds, fd, events: fd + 4 };
  }

  /** The events that are asked for: FD_CLOEXEC, which every such descriptor has, is 1 as POLLIN is. */
  watchInit(): Call[] {
    const calls: Call[] = [];
    const init = this.#fields(this.#initIndex);
    const { streams } = this.request;
    if (streams.kind === "terminal") {
      const at = this.#fields(0);
      // dup(2) of what was fetched: the number of a descriptor, stored where poll looks for it.
      calls.push(
        {
          name: "fcntl",
          args: [streams.master, F.F_DUPFD_CLOEXEC, 3],
          into: at.into,
          intoOffset: at.fd,
        },
        {
          name: "fcntl",
          args: [this.#fd(0), F.F_GETFD],
          into: at.into,
          intoOffset: at.events,
        },
      );
    }
    const pidfd = this.#pidfd;
    calls.push(
      this.init instanceof Slot
        ? { name: "pidfd_open", args: [this.init, 0], into: pidfd }
        : { name: "fcntl", args: [this.init.pidfd, F.F_DUPFD_CLOEXEC, 3], into: pidfd },
      { name: "fcntl", args: [pidfd, F.F_DUPFD_CLOEXEC, 3], into: init.into, intoOffset: init.fd },
      { name: "fcntl", args: [pidfd, F.F_GETFD], into: init.into, intoOffset: init.events },
    );
    return calls;
  }

  #fd(index: number): Slot {
    return new Slot("fd", 4, undefined, { of: this.#pollfds, byteOffset: index * POLLFD_BYTES });
  }

  #events(index: number): Slot {
    const byteOffset = index * POLLFD_BYTES + 4;
    return new Slot("events", 4, undefined, { of: this.#pollfds, byteOffset });
  }

  calls(): Call[] {
    const { streams, log } = this.request;
    const carry = streams.kind === "pipes" ? this.#carryPipes() : this.#carryTerminal();
    // What a terminal has given is still in the pipe.
    const again = streams.kind === "pipes" ? "poll" : "filled";
    return linkLines([
      // Order: until there is somebody to guard, the end of its maker is the guardian's end.
      { call: prctl(PR.PR_SET_PDEATHSIG, 0) },
      { call: prctl(PR.PR_SET_NAME, GUARDIAN_NAME) },
      ...this.#makeDeputy(again),
      { label: "poll", call: this.#poll(null) },
      ...carry,
      {
        label: "init?",
        call: compareSlot(this.#events(this.#initIndex), POLLIN),
        then: "deputy?",
        otherwise: `drain ${this.#streams[0]?.name}`,
      },
      ...this.#lookForDeputy(),
      ...this.#drain(),
      ...this.#end(),
      {
        label: "trouble",
        call: compareSlot(this.#moved, -EFBIG),
        then: "rotate",
        otherwise: "wait",
      },
      // Order: the end is not waited for with what cannot be written.
      { label: "wait", call: this.#waitForInit() },
      {
        call: compareSlot(this.#events(this.#initIndex), POLLIN),
        then: again,
        otherwise: `drain ${this.#streams[0]?.name}`,
      },
      ...planRotate(log),
      { label: "rotated", call: compareSlot(this.#moved, 0), then: again },
    ]);
  }

  #lookForDeputy(): Line[] {
    const index = this.#deputyIndex;
    return [
      {
        label: "deputy?",
        call: compareSlot(this.#fd(index), -EBADF),
        then: "poll",
        otherwise: "deputy ended?",
      },
      {
        label: "deputy ended?",
        call: compareSlot(this.#events(index), POLLIN),
        then: "poll",
        otherwise: "deputy gone",
      },
    ];
  }

  /** Its end is polled for; where none can be made it goes without. */
  #makeDeputy(next: string): Line[] {
    const at = this.#fields(this.#deputyIndex);
    const fd = this.#fd(this.#deputyIndex);
    return [
      {
        label: "make a deputy",
        call: clone(SIGCHLD, DEPUTY_PAGE, this.deputyPid),
      },
      { call: wakeParent(this.deputyPid) },
      {
        call: {
          name: "pidfd_open",
          args: [this.deputyPid, 0],
          into: at.into,
          intoOffset: at.fd,
        },
        otherwise: "no deputy",
      },
      {
        call: { name: "fcntl", args: [fd, F.F_GETFD], into: at.into, intoOffset: at.events },
        then: next,
      },
      {
        label: "deputy gone",
        call: waitid(P_PID, this.deputyPid, new Slot("siginfo", SIGINFO_BYTES), W.WEXITED),
      },
      { call: close(fd), then: "make a deputy" },
      {
        label: "no deputy",
        call: { ...close(-1), into: at.into, intoOffset: at.fd },
        then: next,
      },
    ];
  }

  /**
   * What the deputy does. Race: whoever clears up after the container removes the exit file first, so that
   * what is cleared up is not guarded.
   */
  deputize(): Call[] {
    const { exitFd, exitPath, log } = this.request;
    const reopen = log?.maxBytes === undefined ? [] : planReopen(log);
    const wait = linkLines([
      { call: prctl(PR.PR_SET_NAME, "bunker-deputy") },
      ...planLeave(),
      { label: "wait", call: lock(exitFd, F.F_SETLKW), then: "locked", otherwise: "no lock" },
      // Where there are no locks there is no deputy; the guardian tries again and again.
      {
        label: "no lock",
        call: { name: "ppoll", args: [null, 0, makeTimeout(1, 0), null, SIGSET_BYTES] },
      },
      { label: "end", call: exitGroup(0) },
      { label: "locked", call: compareSlot(this.#isOver, 0), otherwise: "end" },
      { call: { name: "faccessat", args: [AT_FDCWD, exitPath, 0] }, otherwise: "end" },
      ...reopen.map((call) => ({ call })),
    ]);
    return [...wait, chdir("/", { jumpAfterSuccess: this.start })];
  }

  /** With a time it only waits; without, until something is there. ppoll(2) */
  #poll(milliseconds: number | null): Call {
    const timeout = milliseconds === null ? null : makeTimeout(0, milliseconds);
    return {
      name: "ppoll",
      args: [
        milliseconds === null ? new AddressOf(this.#pollfds) : null,
        milliseconds === null ? this.#count : 0,
        timeout,
        null,
        SIGSET_BYTES,
      ],
    };
  }

  /** For a moment, or until the init process has ended. */
  #waitForInit(): Call {
    const pollfd = new AddressOf(this.#fd(this.#initIndex));
    return {
      name: "ppoll",
      args: [pollfd, 1, makeTimeout(0, RETRY_MS), null, SIGSET_BYTES],
    };
  }

  /** Is there anything, in a stream that is still open? Then it is moved. */
  #carryPipes(): Line[] {
    const lines: Line[] = [];
    this.#streams.forEach(({ name, index, mark }) => {
      const next = this.#streams[index + 1]?.name;
      const after = next === undefined ? "init?" : `${next}?`;
      lines.push(
        {
          label: `${name}?`,
          call: compareSlot(this.#fd(index), this.#number(index)),
          otherwise: after,
        },
        { call: compareSlot(this.#events(index), POLLIN), then: after, otherwise: `${name} there` },
        ...this.#mark(`${name} there`, mark, "trouble"),
        {
          call: this.#splice(this.#fd(index), this.request.log?.fd ?? 1),
          then: `${name} moved`,
          otherwise: `${name} failed`,
        },
        {
          label: `${name} moved`,
          call: compareSlot(this.#moved, 0),
          then: `${name} closed`,
          otherwise: after,
        },
        // poll(2) passes over a negative descriptor, and this is how one comes to be there.
        {
          label: `${name} closed`,
          call: {
            name: "close",
            args: [-1],
            into: this.#pollfds,
            intoOffset: index * POLLFD_BYTES,
          },
          then: after,
        },
        {
          label: `${name} failed`,
          call: compareSlot(this.#moved, -EAGAIN),
          then: after,
          otherwise: "trouble",
        },
      );
    });
    return lines;
  }

  #number(index: number): number {
    const { streams } = this.request;
    if (streams.kind !== "pipes") return -1;
    return index === 0 ? streams.stdout : streams.stderr;
  }

  /** splice(2) wants a pipe on one side: the terminal's bytes go through one of our own. */
  readonly #pipe = new Slot("pipe");

  /** What the last attempt to read from the terminal has brought. */
  readonly #filled = new Slot("filled");

  /** Many times from the terminal, which gives little at once, then once to the log. */
  #carryTerminal(): Line[] {
    const [stream] = this.#streams;
    if (stream === undefined) return [];
    const fill = { ...this.#splice(this.#fd(0), this.#writeEnd()), into: this.#filled };
    const fills: Line[] = [];
    for (let i = 0; i < FILLS; i++) fills.push({ call: fill, otherwise: "filled" });
    return [
      {
        label: "ready?",
        call: compareSlot(this.#events(0), POLLIN),
        then: "init?",
        otherwise: "terminal there",
      },
      { label: "terminal there", call: compareSlot(this.#filled, 0) },
      ...fills,
      ...this.#mark("filled", stream.mark, "trouble"),
      {
        label: "flush",
        call: this.#splice(this.#readEnd(), this.request.log?.fd ?? 1),
        then: "flush",
        otherwise: "flushed",
      },
      {
        label: "flushed",
        call: compareSlot(this.#moved, -EAGAIN),
        otherwise: "trouble",
      },
      {
        call: compareSlot(this.#filled, -EIO),
        then: "terminal closed",
        otherwise: "init?",
      },
      // Nobody has the terminal open any more: that may change, but not once the init has ended.
      { label: "terminal closed", call: this.#poll(CLOSED_MS), then: "init?" },
    ];
  }

  #readEnd(): Slot {
    return new Slot("read end", 4, undefined, { of: this.#pipe, byteOffset: 0 });
  }

  #writeEnd(): Slot {
    return new Slot("write end", 4, undefined, { of: this.#pipe, byteOffset: 4 });
  }

  #mark(label: string, mark: Slot, trouble: string): Line[] {
    const { log } = this.request;
    if (log === undefined) return [{ label, call: compareSlot(this.#moved, 0) }];
    return [
      { label, call: { name: "clock_gettime", args: [CLOCK_REALTIME, new AddressOf(mark)] } },
      { call: { name: "lseek", args: [log.fd, 0, SEEK_CUR], into: mark, intoOffset: MARK_OFFSET } },
      {
        call: {
          name: "write",
          args: [log.indexFd, new AddressOf(mark), MARK_BYTES],
          into: this.#moved,
        },
        otherwise: trouble,
      },
    ];
  }

  #splice(from: Slot | number, to: Slot | number): Call {
    return {
      name: "splice",
      args: [from, null, to, null, SPLICE_BYTES, SPLICE_F_MOVE_NONBLOCK],
      into: this.#moved,
    };
  }

  /** The init process has ended: what is left. Others may still hold a pipe: nobody waits for them. */
  #drain(): Line[] {
    const lines: Line[] = [];
    const fd = this.request.log?.fd ?? 1;
    this.#streams.forEach(({ name, index, mark }) => {
      const next = this.#streams[index + 1]?.name;
      const after = next === undefined ? "end" : `drain ${next}`;
      const isPipe = this.request.streams.kind === "pipes";
      lines.push(
        ...this.#mark(`drain ${name}`, mark, after),
        {
          call: this.#splice(this.#fd(index), isPipe ? fd : this.#writeEnd()),
          then: isPipe ? `drained ${name}` : "drain flush",
          otherwise: isPipe ? `undrained ${name}` : "drain flush",
        },
        {
          label: `drained ${name}`,
          call: compareSlot(this.#moved, 0),
          then: after,
          otherwise: `drain ${name}`,
        },
        {
          label: `undrained ${name}`,
          call: compareSlot(this.#moved, -EFBIG),
          then: "rotate",
          otherwise: after,
        },
      );
      if (isPipe) return;
      lines.push(
        {
          label: "drain flush",
          call: this.#splice(this.#readEnd(), fd),
          then: "drain terminal",
          otherwise: "drain more",
        },
        {
          label: "drain more",
          call: compareSlot(this.#moved, -EFBIG),
          then: "rotate",
          otherwise: after,
        },
      );
    });
    return lines;
  }

  /** Learnt by its parent, or by the guardian before its deputy; or else asked of the pidfd. */
  #end(): Line[] {
    const { exitFd, after, log } = this.request;
    const signal = new Slot("si_signo", 4, undefined, { of: this.#exit, byteOffset: 0 });
    const { init } = this;
    const isParent = init instanceof Slot;
    const restore: Line[] =
      log?.maxBytes === undefined
        ? []
        : [{ call: setrlimit(RLIMIT.RLIMIT_FSIZE, "RLIMIT_FSIZE", Infinity, Infinity) }];
    return [
      {
        label: "end",
        call: compareSlot(signal, SIGCHLD),
        then: "learnt",
        otherwise: isParent ? "wait for it" : "ask",
      },
      ...(isParent
        ? [
            {
              label: "wait for it",
              call: waitid(P_PID, init, this.#exit, W.WEXITED),
              then: "learnt",
              otherwise: "ask",
            },
          ]
        : []),
      ...this.#askForEnd(),
      { label: "learnt", call: readClock(this.#exit) },
      { call: { name: "write", args: [exitFd, new AddressOf(this.#exit), EXIT_BYTES] } },
      { label: "over", call: getpid(this.#isOver) },
      // The lock goes with the descriptor: the deputy has nothing to wait for any more.
      { call: { name: "fcntl", args: [exitFd, F.F_SETFD, FD_CLOEXEC] } },
      ...restore,
      { call: execve(after.path, new StringArray(after.args), new StringArray(after.env, true)) },
      { call: exitGroup(0) },
    ];
  }

  #askForEnd(): Line[] {
    const reaped = new Slot("reaped", POLLFD_BYTES);
    const { exitFd } = this.request;
    return [
      {
        label: "ask",
        call: { name: "fcntl", args: [this.#pidfd, F.F_DUPFD_CLOEXEC, 3], into: reaped },
      },
      // Kernel: its status can be asked for once its parent has; POLLHUP, which is always told, says so.
      {
        call: {
          name: "ppoll",
          args: [new AddressOf(reaped), 1, makeTimeout(REAPED_TIMEOUT_S, 0), null, SIGSET_BYTES],
        },
      },
      { call: { name: "ioctl", args: [this.#pidfd, PIDFD_GET_INFO, new AddressOf(this.#info)] } },
      { call: readClock(this.#info) },
      {
        call: { name: "write", args: [exitFd, new AddressOf(this.#info), EXIT_BYTES] },
        then: "over",
      },
    ];
  }

  /** Before the loop: the pipe that a terminal's bytes go through. */
  prepare(): Call[] {
    if (this.request.streams.kind === "pipes") return [];
    return [{ name: "pipe2", args: [new AddressOf(this.#pipe), O.O_CLOEXEC] }];
  }
}

/** A pipe has room for 16 pages, and what a terminal gives at once takes one. */
const FILLS = 12;
const RETRY_MS = 200;
const CLOSED_MS = 20;

function makeTimeout(seconds: number, milliseconds: number): Struct {
  const words = new Int32Array([seconds, 0, milliseconds * 1_000_000, 0]);
  return new Struct(new Uint8Array(words.buffer), () => `{${seconds} s, ${milliseconds} ms}`);
}

/** The time, behind what is known of the end. */
function readClock(end: Slot): Call {
  const time = new Slot("time", 16, undefined, { of: end, byteOffset: SIGINFO_BYTES });
  return { name: "clock_gettime", args: [CLOCK_REALTIME, new AddressOf(time)] };
}

/**
 * The mask of a pidfd_info; and that it is one. Kernel: each bit that it does not know is gone from its
 * answer. Before 6.13 there is none (ENOTTY), and all of them stay.
 */
export function askForExit(): Uint8Array {
  const bytes = new Uint8Array(EXIT_BYTES);
  new DataView(bytes.buffer).setUint32(PIDFD_INFO_UPPER_OFFSET, PIDFD_INFO_UNANSWERED, true);
  bytes[0] = PIDFD_INFO_EXIT;
  bytes[ADOPTED_OFFSET] = 1;
  return bytes;
}

function makeMark(stream: number): Slot {
  const bytes = new Uint8Array(MARK_BYTES);
  bytes[MARK_STREAM] = stream;
  return new Slot("mark", MARK_BYTES, bytes);
}

/** Into the root cgroup: what ends all that is in its starter's ends the guardian, and the deputy takes over. */
function planLeave(): Line[] {
  const [systemd, unified] = ROOT_TASKS;
  const root = new Slot("root cgroup");
  const open = (path: string): Call =>
    openat(AT_FDCWD, path, O.O_WRONLY | O.O_CLOEXEC, { into: root });
  return [
    { call: open(systemd), then: "leave", otherwise: "unified" },
    { label: "unified", call: open(unified), then: "leave", otherwise: "wait" },
    { label: "leave", call: write(root, "0") },
    { call: close(root) },
  ];
}

const LOCK_EX = 2;
const RENAME_EXCHANGE = 2;
/** The oldest pair is removed, 1 becomes 2, 0 becomes 1 …, and 0 is made anew. */
function planRotate(log: LogFiles | undefined): Line[] {
  if (log?.maxBytes === undefined) return [{ label: "rotate", call: close(-1), then: "wait" }];
  const { folder, maxFiles } = log;
  const at = (name: string | number): string => `${folder}/${name}`;
  const move = (from: string | number, to: string | number): Call => ({
    name: "renameat2",
    args: [AT_FDCWD, at(from), AT_FDCWD, at(to), 0],
  });
  const remove = (path: string, flags: number): Call => ({
    name: "unlinkat",
    args: [AT_FDCWD, path, flags],
  });
  const clear = [
    remove(`${at(GONE)}/${BYTES_FILE}`, 0),
    remove(`${at(GONE)}/${MARKS_FILE}`, 0),
    remove(at(GONE), AT.AT_REMOVEDIR),
  ];
  const turn = new Slot("turn");
  const calls: Call[] = [
    openat(AT_FDCWD, at(THIS_TURN), O.O_RDWR, { into: turn }),
    { name: "flock", args: [turn, LOCK_EX] },
    close(turn),
    {
      name: "renameat2",
      args: [AT_FDCWD, at(THIS_TURN), AT_FDCWD, at(NEXT_TURN), RENAME_EXCHANGE],
    },
    ...clear,
    move(maxFiles - 1, GONE),
    ...clear,
  ];
  for (let number = maxFiles - 2; number >= 0; number--) calls.push(move(number, number + 1));
  calls.push({ name: "mkdirat", args: [AT_FDCWD, at(0), 0o700] });
  calls.push(...openPresent(log, O.O_TRUNC));
  return calls.map((call, i) => (i === 0 ? { label: "rotate", call } : { call }));
}

/** The present pair in place of the one that was rotated away. */
function openPresent({ fd, indexFd, folder }: LogFiles, more: number): Call[] {
  const calls: Call[] = [];
  for (const [name, to] of [
    [BYTES_FILE, fd],
    [MARKS_FILE, indexFd],
  ] as const) {
    const fresh = new Slot("fresh");
    const flags = O.O_WRONLY | O.O_CREAT | more;
    calls.push(openat(AT_FDCWD, `${folder}/0/${name}`, flags, { into: fresh }, 0o600));
    calls.push(dup3(fresh, to, O.O_CLOEXEC), close(fresh));
  }
  return calls;
}

/** The guardian may have rotated since its deputy was made, or have been killed while it did. */
function planReopen(log: LogFiles): Call[] {
  return [
    { name: "mkdirat", args: [AT_FDCWD, `${log.folder}/0`, 0o700] },
    ...openPresent(log, 0),
    { name: "lseek", args: [log.fd, 0, SEEK_END] },
    { name: "lseek", args: [log.indexFd, 0, SEEK_END] },
  ];
}
