// docker's flags of `run` that bunker refuses, each with the reason.
import type { RefusedFlags } from "../flag.ts";

const windows = "it is for Windows only";

/** Name → why. */
export const refusedFlags: RefusedFlags = {
  gpus: "nothing here selects GPUs; give their device nodes with --device",
  link: "containers of a network find each other by name; use --network and --network-alias",
  "storage-opt": "a container's files have no size limit; set a quota on the file system",
  "use-api-socket": "there is no docker API without a daemon",
  "kernel-memory": "the kernel has given it up; use --memory",
  "cpu-count": windows,
  "cpu-percent": windows,
  "io-maxbandwidth": windows,
  "io-maxiops": windows,
  isolation: windows,
};
