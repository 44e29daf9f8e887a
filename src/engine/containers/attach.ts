// Joining the caller to a container that has a guardian: `attach`, `start --attach`, and a `run` in the
// foreground whose container is kept. The container does not notice when its caller goes away.

import { O } from "../../../ffi/constants.ts";
import { duplicate, open } from "../../../ffi/fcntl.ts";
import type { Fd } from "../../../ffi/fd.ts";
import { listDirectory, readLink } from "../../../ffi/files.ts";
import { forwardSignals } from "../../../ffi/forward-signals.ts";
import { pidfd_getfd, pidfd_open } from "../../../ffi/signal.ts";
import { getWindowSize, isTerminal, setWindowSize } from "../../../ffi/termios.ts";
import { UserError } from "../../errors.ts";
import { tell, tellSize } from "../events/tell.ts";
import type { ContainerRecord } from "../state-store.ts";
import { joinTerminal, requireTerminal } from "../terminal.ts";
import { type AttachInput, type AttachOutcome, pumpAttached } from "./attach-pump.ts";
import { DetachFilter, parseDetachKeys } from "./detach-keys.ts";
import { EndWatch } from "./end-watch.ts";
import { findKept } from "./find.ts";
import { type KeptContainer, KeptStore } from "./kept.ts";
import { lookAfter } from "./live.ts";
import { LogCursor } from "./log-cursor.ts";
import { STDIN_FIFO } from "./streams.ts";
import { stateFolder } from "./running-record.ts";

export interface AttachOptions {
  /** The caller's input is the container's, where that takes any. */
  readonly stdin: boolean;
  readonly stdout?: boolean;
  readonly stderr?: boolean;
  /** The caller's signals are the container's; true unless said. */
  readonly sigProxy?: boolean;
  readonly detachKeys?: string;
}

/** What the caller is joined to; each is the joint's to close. */
export interface Joint {
  readonly record: ContainerRecord;
  readonly cursor: LogCursor;
  /** Where its end will be written; looked for unless said. */
  readonly exit?: Fd;
  /** The container's stdin, of which the caller's end is the end; or undefined. */
  readonly stdin?: Fd;
  /** Whether nobody else holds stdin open. */
  readonly isStdinOurs: boolean;
  /** The master of the container's terminal. */
  readonly terminal?: Fd;
  /** Makes programs draw anew. */
  readonly redraws: boolean;
}

const BROKEN_PIPE = 128 + 13;
const CLEARING_TIMEOUT_MS = 10_000;

/** The exit code of a container once it has ended. @throws UserError where it does not run */
export async function attachContainer(text: string, options: AttachOptions): Promise<number> {
  const kept = new KeptStore();
  const container = findKept(text, kept);
  const { record, status } = await lookAfter(container, kept);
  if (record === undefined) {
    throw new UserError("You cannot attach to a stopped container, start it first", undefined, 1);
  }
  if (status === "paused") {
    throw new UserError("cannot attach to a paused container, unpause it first", undefined, 1);
  }
  if (!kept.isKept(container.id)) {
    throw new UserError(
      `cannot attach to container ${text}: it has its caller's own streams`,
      "what `run --rm` runs in the foreground can only be attached to with --detach-keys",
      1,
    );
  }
  const { interactive, tty } = container.options;
  const isJoined = interactive && options.stdin;
  if (tty && isJoined) requireTerminal();
  using cursor = new LogCursor(kept.folder(container.id), { kind: "now" }, true);
  const folder = stateFolder(container.id);
  const stdin =
    isJoined && !tty ? open(`${folder}/${STDIN_FIFO}`, O.O_WRONLY | O.O_NONBLOCK) : undefined;
  const terminal = tty ? fetchTerminal(record) : undefined;
  const joint: Joint = {
    record,
    cursor,
    isStdinOurs: false,
    redraws: true,
    ...(stdin === undefined ? {} : { stdin }),
    ...(terminal === undefined ? {} : { terminal }),
  };
  const outcome = joinCaller(container, kept, joint, options);
  if (outcome !== "detached") return outcome;
  throw new UserError("read escape sequence", undefined, 1);
}

/** The exit code of the container, or that the caller has left it running. Blocks. */
export function joinCaller(
  container: KeptContainer,
  kept: KeptStore,
  joint: Joint,
  options: AttachOptions,
): number | "detached" {
  const { tty, interactive } = container.options;
  const { cursor, terminal, record } = joint;
  tell("attach", container);
  using end = new EndWatch(record, joint.exit);
  // Order: first the signals, so that none can end this process while the terminal is raw.
  if (options.sigProxy !== false && end.init !== undefined) {
    forwardSignals(duplicate(end.init).release());
  }
  const isJoined = interactive && options.stdin;
  if (terminal !== undefined && joint.redraws) disturb(terminal);
  using joined =
    terminal === undefined
      ? undefined
      : joinTerminal(terminal, { interactive: isJoined, onSize: tellSize(container) });
  const sink = tty ? terminal : joint.stdin;
  const input: AttachInput | undefined =
    !isJoined || sink === undefined
      ? undefined
      : {
          keyboard: 0,
          sink,
          closesSink: joint.isStdinOurs,
          ...(tty ? { keys: new DetachFilter(parseDetachKeys(options.detachKeys)) } : {}),
        };
  const outcome = pumpAttached({
    cursor,
    end,
    ...(input === undefined ? {} : { input }),
    ...(joined === undefined ? {} : { resized: joined.resized, copySize: joined.copySize }),
    shows: { stdout: options.stdout ?? true, stderr: options.stderr ?? true },
  });
  if (outcome === "ended") joined?.[Symbol.dispose]();
  else tell("detach", container);
  return exitOf(outcome, container, kept, end);
}

function exitOf(
  outcome: AttachOutcome,
  { id, options }: KeptContainer,
  kept: KeptStore,
  end: EndWatch,
): number | "detached" {
  if (outcome === "detached") return "detached";
  if (outcome === "closed") return BROKEN_PIPE;
  const restarts = options.restart !== undefined && options.restart.kind !== "no";
  if (!restarts) end.waitForClearing(CLEARING_TIMEOUT_MS);
  return end.exit?.code ?? kept.readStatus(id).exitCode;
}

/** Another size than it is going to have, as docker does: what fills the screen draws itself anew. */
function disturb(terminal: Fd): void {
  if (!isTerminal(1)) return;
  const { rows, columns } = getWindowSize(1);
  setWindowSize(terminal.number, { rows: rows + 1, columns: columns + 1 });
}

/** The container's terminal, of which its guardian has the master. */
function fetchTerminal({ agentPid }: ContainerRecord): Fd {
  for (const { name } of listDirectory(`/proc/${agentPid}/fd`) ?? []) {
    if (readLink(`/proc/${agentPid}/fd/${name}`)?.endsWith("ptmx") !== true) continue;
    using pidfd = pidfd_open(agentPid);
    return pidfd_getfd(pidfd.number, Number(name));
  }
  throw new UserError("the container's terminal is gone with its guardian", undefined, 1);
}
