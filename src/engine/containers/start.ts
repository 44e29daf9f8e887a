// Starting a container that is kept and does not run: again, or for the first time.

import { UserError } from "../../errors.ts";
import { tell } from "../events/tell.ts";
import { type StopOptions, stopContainer } from "./end.ts";
import { findKept } from "./find.ts";
import { finish } from "./finish.ts";
import { type KeptContainer, KeptStore } from "./kept.ts";
import { type Launched, launchDetached } from "./launch-detached.ts";
import { lookAt } from "./live.ts";
import { LogCursor } from "./log-cursor.ts";
import { optionsForStart } from "./start-options.ts";

/** One that runs already is left. @throws UserError where it cannot be started */
export async function startContainer(text: string): Promise<void> {
  const kept = new KeptStore();
  const launched = await start(findKept(text, kept), kept, false);
  launched?.[Symbol.dispose]();
}

export interface StartAttachedOptions {
  /** The caller's input is the container's, where that takes any. */
  readonly interactive: boolean;
  readonly sigProxy?: boolean;
  readonly detachKeys?: string;
}

/** Starts it, joined to its caller. Returns its exit code; 0 where the caller has left it running. */
export async function startAttached(text: string, options: StartAttachedOptions): Promise<number> {
  const kept = new KeptStore();
  const container = findKept(text, kept);
  const { tty, interactive } = container.options;
  const isJoined = options.interactive && interactive;
  if (tty && isJoined) (await import("../terminal.ts")).requireTerminal();
  const { attachContainer, joinCaller } = await import("./attach.ts");
  const attach = { ...options, stdin: options.interactive };
  using cursor = new LogCursor(kept.folder(container.id), { kind: "now" }, true);
  using launched = await start(container, kept, isJoined, cursor);
  if (launched === undefined) return await attachContainer(text, attach);
  const joint = { ...launched, cursor, isStdinOurs: true, redraws: false };
  const code = joinCaller(container, kept, joint, attach);
  return code === "detached" ? 0 : code;
}

/** undefined where it runs already. */
async function start(
  container: KeptContainer,
  kept: KeptStore,
  ownsStdin: boolean,
  cursor?: LogCursor,
): Promise<Launched | undefined> {
  using lock = kept.lock(container.id);
  if (lock === undefined) throw new UserError(`No such container: ${container.id}`, undefined, 1);
  const { status } = lookAt(container, kept);
  if (status === "running" || status === "paused") return undefined;
  const before = await finish(container, kept);
  try {
    const options = optionsForStart(container, kept);
    const launched = await launchDetached(container, options, kept, { ownsStdin });
    cursor?.begin();
    return launched;
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    const exitCode = error instanceof UserError ? error.exitCode : 128;
    kept.writeStatus(container.id, { ...before, status: before.status, error: message, exitCode });
    throw error;
  }
}

/** Stops it where it runs, and starts it. */
export async function restartContainer(text: string, options: StopOptions): Promise<void> {
  await stopContainer(text, options);
  await startContainer(text);
  tell("restart", findKept(text, new KeptStore()));
}
