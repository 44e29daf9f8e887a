// Commands of bunker's own that go on by themselves, apart from whoever has started them.

import { runtime } from "#runtime";
import { writeControlFile } from "../../cgroups/control-file.ts";
import { O } from "../../ffi/constants.ts";
import { fileType } from "../../ffi/files.ts";
import { observed } from "../../ffi/observe.ts";
import { posix_spawn } from "../../ffi/spawn.ts";
import { SyscallError } from "../../ffi/syscall-error.ts";
import { ROOT_PROCS } from "../container/root-cgroup.ts";

/** As execve(2) takes it. */
export interface Program {
  readonly path: string;
  readonly args: readonly string[];
  readonly env: readonly string[];
}

/** Where its folders are, and the programs that it starts. */
const VARIABLES = ["PATH", "HOME", "BUNKER_RUN", "BUNKER_DATA", "XDG_RUNTIME_DIR"];

/** A hidden command of this executable; of the environment it gets no more than it needs. */
export function ownCommand(...words: readonly string[]): Program {
  const [path = "", ...first] = runtime.selfCommand();
  const env: string[] = [];
  for (const name of VARIABLES) {
    const value = process.env[name];
    observed("variable", name, value ?? null);
    if (value !== undefined) env.push(`${name}=${value}`);
  }
  return { path, args: [path, ...first, ...words], env };
}

/** Leaves the cgroup of whoever has started this process, for those that it serves are others', too. */
export function leaveStarter(): void {
  const path = ROOT_PROCS.find((file) => fileType(file) !== 0);
  if (path === undefined) return;
  try {
    writeControlFile(path, String(process.pid));
  } catch (error) {
    // Where it may not, it stays.
    if (!(error instanceof SyscallError)) throw error;
  }
}

/**
 * Starts it in a session of its own, with nothing to read and nowhere to write, and keeps no folder in
 * use. @throws SyscallError
 */
export function startInBackground({ path, args, env }: Program): void {
  const nothing = { kind: "open", path: "/dev/null", flags: O.O_RDWR } as const;
  posix_spawn(path, args, env, {
    newSession: true,
    fileActions: [
      { ...nothing, fd: 0 },
      { ...nothing, fd: 1 },
      { ...nothing, fd: 2 },
      { kind: "chdir", path: "/" },
    ],
  });
}
