// How likely a victim a process is when memory runs out. Pure. proc_pid_oom_score_adj(5)

import { Slot, type Step } from "../../ffi/call.ts";
import { AT_FDCWD, close, openat, write } from "../../ffi/calls.ts";
import { O } from "../../ffi/constants.ts";

/** @param score from -1000, never, to 1000 */
export function planOomScore(score: number): Step {
  const path = "/proc/self/oom_score_adj";
  const file = new Slot(path);
  return {
    // Its caller's may spare it: containerd's shim has -998 on a Kubernetes node.
    why: "when memory runs out, it is as likely a victim as the container's own process",
    calls: [
      openat(AT_FDCWD, path, O.O_WRONLY, { into: file }),
      write(file, String(score), { path }),
      close(file),
    ],
  };
}
