// docker's flags of `run` that bunker knows and does not have yet, with what brings them.
import type { LaterFlags } from "../flag.ts";

const lifecycle = "the lifecycle commands";
const windows = "nothing: it is for Windows only";
const devices = "device selection";

/** Name → the feature with which it comes. */
export const laterFlags: LaterFlags = {
  "blkio-weight-device": devices,
  "cpu-count": windows,
  "cpu-percent": windows,
  "cpu-rt-period": "real-time scheduling",
  "cpu-rt-runtime": "real-time scheduling",
  "device-cgroup-rule": devices,
  gpus: devices,
  "io-maxbandwidth": windows,
  "io-maxiops": windows,
  isolation: windows,
  "kernel-memory": "nothing: the kernel has given it up",
  link: "nothing: containers of a network find each other by name",
  runtime: lifecycle,
  "storage-opt": "disk quotas",
  "use-api-socket": "the docker API",
  "volume-driver": "volume drivers",
};

/** Their one-letter names. */
export const laterShort: LaterFlags = {};
