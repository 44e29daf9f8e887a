// Being woken by the OOM killer. Kernel documentation: admin-guide/cgroup-v1/memory.rst, "OOM Control".

import { O } from "../../ffi/constants.ts";
import { eventfd, readEventfd } from "../../ffi/eventfd.ts";
import { Fd } from "../../ffi/fd.ts";
import { openFile } from "../../ffi/files.ts";
import { POLL } from "../../ffi/poll.ts";
import { readControlFile, writeControlFile } from "../control-file.ts";
import type { OutOfMemoryWatch } from "../details.ts";

/** @param directory the memory controller's; throws SyscallError ENOENT where there is no such cgroup */
export function watchOutOfMemory(directory: string): OutOfMemoryWatch {
  const events = eventfd();
  try {
    using control = new Fd(openFile(`${directory}/memory.oom_control`, O.O_RDONLY));
    writeControlFile(`${directory}/cgroup.event_control`, `${events.number} ${control.number}`);
  } catch (error) {
    events[Symbol.dispose]();
    throw error;
  }
  return {
    requests: [{ fd: events.number, events: POLL.POLLIN }],
    take() {
      const hasCounted = readEventfd(events) > 0;
      // Kernel: the removal of the cgroup counts as an event as well.
      const isThere = readControlFile(`${directory}/memory.oom_control`) !== undefined;
      // Kernel: what is counted are attempts to get memory, hundreds until the killed one is gone.
      return isThere ? Number(hasCounted) : undefined;
    },
    [Symbol.dispose]: () => events[Symbol.dispose](),
  };
}
