// Being woken by the OOM killer. Kernel documentation: admin-guide/cgroup-v2.rst, "memory.events": a
// change of the file is told to whoever polls it and has read it before.

import { O } from "../../ffi/constants.ts";
import { Fd } from "../../ffi/fd.ts";
import { openFile, readFromStart } from "../../ffi/files.ts";
import { POLL } from "../../ffi/poll.ts";
import { isSyscallError } from "../../ffi/syscall-error.ts";
import type { OutOfMemoryWatch } from "../details.ts";

/** Throws SyscallError ENOENT where there is no such cgroup. */
export function watchOutOfMemory(directory: string): OutOfMemoryWatch {
  const life = new Fd(openFile(`${directory}/cgroup.events`, O.O_RDONLY));
  const memory = openIfThere(`${directory}/memory.events`);
  const files = memory === undefined ? [life] : [life, memory];
  let before = memory === undefined ? 0 : (countKills(memory) ?? 0);
  readKey(life, "populated");
  return {
    requests: files.map((file) => ({ fd: file.number, events: POLL.POLLPRI })),
    take() {
      const now = memory === undefined ? before : countKills(memory);
      const fresh = (now ?? before) - before;
      before = now ?? before;
      // Order: what has killed the last process is told before its end.
      if (fresh > 0) return fresh;
      return readKey(life, "populated") === 1 ? 0 : undefined;
    },
    [Symbol.dispose]() {
      for (const file of files) file[Symbol.dispose]();
    },
  };
}

function openIfThere(path: string): Fd | undefined {
  try {
    return new Fd(openFile(path, O.O_RDONLY));
  } catch (error) {
    if (isSyscallError(error, "ENOENT")) return undefined;
    throw error;
  }
}

const countKills = (file: Fd): number | undefined => readKey(file, "oom_kill");

/** undefined once the cgroup is gone. */
function readKey(file: Fd, key: string): number | undefined {
  try {
    for (const line of readFromStart(file.number, key).split("\n")) {
      if (line.startsWith(`${key} `)) return Number(line.slice(key.length + 1));
    }
    return 0;
  } catch (error) {
    if (isSyscallError(error, "ENODEV")) return undefined;
    throw error;
  }
}
