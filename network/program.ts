// Runs `ip` and `nft`, beside this process or in another network namespace. They read what to do from
// a file in memory and answer into others, so that none of them ever waits for us.

import { CLONE, O, P_PID, S, W } from "../ffi/constants.ts";
import { open } from "../ffi/fcntl.ts";
import type { Fd } from "../ffi/fd.ts";
import { fileType, readFromStart, writeAll } from "../ffi/files.ts";
import { memfd_create } from "../ffi/mman.ts";
import { setns } from "../ffi/sched.ts";
import { type FileAction, posix_spawn } from "../ffi/spawn.ts";
import { isSyscallError } from "../ffi/syscall-error.ts";
import { pipe2 } from "../ffi/unistd.ts";
import { shellStatus, waitid } from "../ffi/wait.ts";
import type { Change, Transaction } from "./firewall.ts";
import { UnavailableError } from "./unavailable.ts";

export interface ProgramResult {
  readonly status: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** A program that was started: `finish` waits for it. Disposing one that was not finished waits too. */
export class RunningProgram implements Disposable {
  #result: ProgramResult | undefined;

  constructor(
    readonly pid: number,
    readonly input: string,
    readonly stdout: Fd,
    readonly stderr: Fd,
  ) {}

  finish(): ProgramResult {
    if (this.#result !== undefined) return this.#result;
    const ended = waitid(P_PID, this.pid, W.WEXITED);
    const status = ended === undefined ? 1 : shellStatus(ended);
    using stdout = this.stdout;
    using stderr = this.stderr;
    return (this.#result = {
      status,
      stdout: readFromStart(stdout.number, "stdout"),
      // Most say nothing.
      stderr: status === 0 ? "" : readFromStart(stderr.number, "stderr"),
    });
  }

  [Symbol.dispose](): void {
    this.finish();
  }
}

const MFD_CLOEXEC = 1;

/** Where Debian has them, and where others do: root's PATH may lack them after `su`. */
const FOLDERS = ["/usr/sbin", "/sbin", "/usr/bin", "/bin", "/usr/local/sbin", "/usr/local/bin"];

const PACKAGES: Readonly<Record<string, string>> = { ip: "iproute2", nft: "nftables" };
const OTHERS_PACKAGE = "iptables";

/** The path of a program, or undefined. */
export function findProgram(name: string): string | undefined {
  for (const folder of FOLDERS) {
    if (fileType(`${folder}/${name}`) === S.S_IFREG) return `${folder}/${name}`;
  }
  return undefined;
}

/**
 * Starts a program.
 * @param netns the network namespace that it runs in; this process's own unless said
 * @throws UnavailableError where it is not installed
 */
export function startProgram(
  name: string,
  args: readonly string[],
  input: string,
  netns?: string,
): RunningProgram {
  return startProcess(requireProgram(name), [name, ...args], PLAIN, input, netns);
}

/** What these programs say is in English. */
const PLAIN = ["LC_ALL=C"];

function requireProgram(name: string): string {
  const path = findProgram(name);
  if (path !== undefined) return path;
  throw missingProgram(name);
}

/** What is said of a program that is not installed. */
export function missingProgram(name: string): UnavailableError {
  return new UnavailableError(
    `networks need ${name}, which is not installed`,
    `install the package that has it: ${PACKAGES[name] ?? OTHERS_PACKAGE}`,
  );
}

/** Starts a program that is there. @param env all of its environment */
export function startProcess(
  path: string,
  argv: readonly string[],
  env: readonly string[],
  input: string,
  netns?: string,
): RunningProgram {
  using stdin = memfd_create("bunker-in", MFD_CLOEXEC);
  writeAll(stdin.number, input, "stdin");
  // By its path: the new descriptor begins at the first byte.
  const from = `/proc/self/fd/${stdin.number}`;
  return spawn(
    path,
    argv,
    env,
    { kind: "open", fd: 0, path: from, flags: O.O_RDONLY },
    input,
    netns,
  );
}

function spawn(
  path: string,
  argv: readonly string[],
  env: readonly string[],
  stdin: FileAction,
  input: string,
  netns: string | undefined,
): RunningProgram {
  const stdout = memfd_create("bunker-out", MFD_CLOEXEC);
  const stderr = memfd_create("bunker-err", MFD_CLOEXEC);
  const fileActions: FileAction[] = [
    stdin,
    { kind: "dup2", from: stdout.number, to: 1 },
    { kind: "dup2", from: stderr.number, to: 2 },
  ];
  const start = (): number => posix_spawn(path, argv, env, { fileActions });
  const pid = netns === undefined ? start() : insideNamespace(netns, start);
  return new RunningProgram(pid, input, stdout, stderr);
}

/**
 * Runs transactions and then removes files, in a process that nobody waits for. Kernel: a transaction
 * that takes something away is in force long before its process ends, as that waits for every packet
 * that may still see what is gone.
 * @param files by their paths within the folder
 * @param lockFd a lock that is held until it is done
 */
export function startTransactionsAndRemove(
  transactions: readonly Transaction[],
  folder: string,
  files: readonly string[],
  lockFd: number,
): void {
  const nothing = { kind: "open", path: "/dev/null", flags: O.O_RDWR } as const;
  const inputs = transactions.map(({ text }) => {
    const input = memfd_create("bunker-in", MFD_CLOEXEC);
    writeAll(input.number, text, "stdin");
    return input;
  });
  try {
    const commands = transactions.map(
      ({ program, args }, index) =>
        `${requireProgram(program)} ${args.join(" ")} <&${FIRST_INPUT_FD + index}`,
    );
    // Start-up time: one text, as each argument of its own is one more to be encoded.
    const removal = `cd ${quote(folder)} && exec rm -f -- ${files.map(quote).join(" ")}`;
    posix_spawn("/bin/sh", ["sh", "-c", `${commands.join(" && ")} && ${removal}`], PLAIN, {
      newSession: true,
      fileActions: [
        ...[0, 1, 2].map((fd) => ({ ...nothing, fd })),
        { kind: "dup2", from: lockFd, to: LOCK_FD },
        ...inputs.map(({ number }, index) => ({
          kind: "open" as const,
          fd: FIRST_INPUT_FD + index,
          path: `/proc/self/fd/${number}`,
          flags: O.O_RDONLY,
        })),
      ],
    });
  } finally {
    for (const input of inputs) input[Symbol.dispose]();
  }
}

/** Security: a word of the shell's, whatever is in it. */
const quote = (text: string): string => `'${text.replaceAll("'", `'\\''`)}'`;

/** Its first descriptor that is not a stream. */
const LOCK_FD = 3;
const FIRST_INPUT_FD = 4;

/** A program that has started, and waits to be told what to do. */
export interface WaitingProgram {
  /** Tells it. */
  go(input: string): RunningProgram;
  /** It is not to do anything. Does nothing once it was told something. */
  drop(): void;
}

/** `ip` that waits for its lines. */
export const startIpAhead = (netns?: string): WaitingProgram =>
  startAhead("ip", ["-batch", "-"], netns);

/**
 * Speed: starting `ip` takes longer than what it does, so it starts while others are still at work.
 * Where this process is killed it finds that there is nothing to do.
 */
function startAhead(name: string, args: readonly string[], netns?: string): WaitingProgram {
  const { read, write } = pipe2(O.O_CLOEXEC);
  using stdin = read;
  const action: FileAction = { kind: "dup2", from: stdin.number, to: 0 };
  const waiting = spawn(requireProgram(name), [name, ...args], PLAIN, action, "", netns);
  let isTold = false;
  return {
    go: (input) => {
      isTold = true;
      using end = write;
      tell(end.number, input);
      return new RunningProgram(waiting.pid, input, waiting.stdout, waiting.stderr);
    },
    drop: () => {
      if (isTold) return;
      isTold = true;
      write[Symbol.dispose]();
      waiting.finish();
    },
  };
}

function tell(fd: number, input: string): void {
  try {
    writeAll(fd, input, "stdin");
  } catch (error) {
    // It has ended before, and will have said why.
    if (!isSyscallError(error, "EPIPE")) throw error;
  }
}

/** Lines as `ip -batch` reads them. */
export const formatBatch = (lines: readonly string[]): string => `${lines.join("\n")}\n`;

/** What `act` returns with this thread in another network namespace. It is always brought back. */
export function insideNamespace<T>(netns: string, act: () => T): T {
  using own = open("/proc/thread-self/ns/net", O.O_RDONLY);
  using other = open(netns, O.O_RDONLY);
  setns(other.number, CLONE.CLONE_NEWNET, netns);
  try {
    return act();
  } finally {
    setns(own.number, CLONE.CLONE_NEWNET, "this process's network namespace");
  }
}

/** The answer of a program that must succeed. @throws UnavailableError with its own words */
export function mustSucceed(what: string, program: RunningProgram): string {
  const { status, stdout, stderr } = program.finish();
  if (status === 0) return stdout;
  throw new UnavailableError(`cannot ${what}: ${firstReason(stderr, program.input)}`);
}

/** The first thing that it complained of, with the line that it was told. */
function firstReason(stderr: string, input: string): string {
  const lines = stderr.trim().split("\n");
  const first = (lines[0] ?? "").replace(/^.*?Error: /, "").replace(/^RTNETLINK answers: /, "");
  const number = /Command failed -:(\d+)/.exec(stderr)?.[1];
  const told = number === undefined ? undefined : input.split("\n")[Number(number) - 1];
  return told === undefined ? first || "no reason was given" : `ip ${told}: ${first}`;
}

/** Starts `ip -batch` with these lines; nothing where there are none. */
export function startIp(lines: readonly string[], netns?: string): RunningProgram | undefined {
  if (lines.length === 0) return undefined;
  return startProgram("ip", ["-batch", "-"], formatBatch(lines), netns);
}

/** @param netns the network namespace whose rules it is about */
export const startTransaction = (
  { program, args, text }: Transaction,
  netns?: string,
): RunningProgram => startProgram(program, args, text, netns);

/** Starts them beside each other. */
export function startTransactions(transactions: readonly Transaction[]): Change {
  const running = transactions.map((transaction) => startTransaction(transaction));
  return () => running.filter((program) => program.finish().status !== 0).length === 0;
}

/** The same, of what takes something away: where one thing is missing nothing goes, so then each by itself. */
export function startRemovals(
  removals: readonly Transaction[],
  split: (removal: Transaction) => readonly Transaction[],
): Change {
  const running = removals.map((removal) => ({ removal, program: startTransaction(removal) }));
  return () => {
    const failed = running.filter(({ program }) => program.finish().status !== 0);
    for (const { removal } of failed)
      for (const part of split(removal)) startTransaction(part).finish();
    return failed.length === 0;
  };
}
