// Who guards a container right now: the one on record, or the deputy that has taken its place since.

import { isSameProcess, processStart } from "../../../ffi/agent/alive.ts";
import { O } from "../../../ffi/constants.ts";
import { lockHolder, open } from "../../../ffi/fcntl.ts";
import type { Fd } from "../../../ffi/fd.ts";
import { poll } from "../../../ffi/poll.ts";
import { isSyscallError } from "../../../ffi/syscall-error.ts";
import type { ContainerRecord } from "../state-store.ts";
import { EXIT_FILE } from "./exit-file.ts";
import { openProcess } from "./wait-for.ts";

export type Guardian = Pick<ContainerRecord, "agentPid" | "agentStart">;

/** How often, and for how long, a deputy is looked for that the kernel is about to give the lock. */
const TAKING_MS = 2;
const TAKING_TIMES = 15;

/** undefined where nobody does. @param folder the container's state */
export function findGuardian(
  { agentPid, agentStart }: Guardian,
  folder: string,
): Guardian | undefined {
  if (isSameProcess(agentPid, agentStart)) return { agentPid, agentStart };
  for (let times = 0; times < TAKING_TIMES; times++) {
    const holder = findHolder(`${folder}/${EXIT_FILE}`);
    if (holder === "no file") return undefined;
    if (holder !== undefined) return holder;
    poll([], TAKING_MS);
  }
  return undefined;
}

/** A pidfd of the guardian; undefined where there is none. @param folder the container's state */
export function openGuardian(known: Guardian, folder: string): Fd | undefined {
  const guardian = findGuardian(known, folder);
  return guardian && openProcess(guardian.agentPid, guardian.agentStart);
}

function findHolder(path: string): Guardian | "no file" | undefined {
  try {
    using file = open(path, O.O_RDONLY);
    const agentPid = lockHolder(file.number);
    if (agentPid === undefined) return undefined;
    return { agentPid, agentStart: processStart(agentPid) };
  } catch (error) {
    if (isSyscallError(error, "ENOENT")) return "no file";
    throw error;
  }
}
