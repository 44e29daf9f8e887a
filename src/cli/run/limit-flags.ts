// The flags of `run` about how much of the host the container may use. Whether the limits make
// sense, alone and with each other, is check.ts's to say.
import type { FlagTable } from "../flag.ts";
import { parseCpus, parseCpuset } from "../values/cpu.ts";
import { parseByteThrottle, parseDeviceWeight, parseOperationThrottle } from "../values/device.ts";
import { parseSize, parseSizeOrUnlimited } from "../values/size.ts";
import type { RunDraft } from "./draft.ts";

const memory = "Memory and processes";
const cpu = "CPU";
const io = "Block IO";

export const limitFlags: FlagTable<RunDraft> = {
  memory: {
    type: "text",
    short: "m",
    group: memory,
    placeholder: "bytes",
    help: "Memory limit (64m, 1.5g)",
    set: (draft, text) => {
      setUnlessZero(parseSize(text), (bytes) => (draft.options.resources.memoryBytes = bytes));
    },
  },
  "memory-reservation": {
    type: "text",
    group: memory,
    placeholder: "bytes",
    help: "Memory soft limit",
    set: (draft, text) => {
      const { resources } = draft.options;
      setUnlessZero(parseSize(text), (bytes) => (resources.memoryReservationBytes = bytes));
    },
  },
  "memory-swap": {
    type: "text",
    group: memory,
    placeholder: "bytes",
    help: "Swap limit equal to memory plus swap: '-1' to enable unlimited swap",
    set: (draft, text) => {
      const bytes = parseSizeOrUnlimited(text);
      if (bytes !== 0) draft.options.resources.memorySwapBytes = bytes;
    },
  },
  "memory-swappiness": {
    type: "int",
    group: memory,
    help: "Tune container memory swappiness (0 to 100)",
    fallback: "-1",
    set: (draft, value) => {
      if (value !== -1) draft.options.resources.memorySwappiness = value;
    },
  },
  "oom-kill-disable": {
    type: "bool",
    group: memory,
    help: "Disable OOM Killer",
    set: (draft, value) => {
      draft.options.resources.oomKillDisable = value;
    },
  },
  "oom-score-adj": {
    type: "int",
    group: memory,
    help: "Tune host's OOM preferences (-1000 to 1000)",
    set: (draft, value) => {
      draft.options.oomScoreAdj = value;
    },
  },
  "pids-limit": {
    type: "int",
    group: memory,
    help: "Tune container pids limit (set -1 for unlimited)",
    set: (draft, value) => {
      const unlimited = value === -1 || value === 0;
      draft.options.resources.pidsLimit = unlimited ? "unlimited" : value;
    },
  },
  "cgroup-parent": {
    type: "text",
    ignoresEmpty: true,
    group: memory,
    placeholder: "cgroup",
    help: "Optional parent cgroup for the container",
    set: (draft, text) => {
      draft.options.cgroupParent = text;
    },
  },
  cpus: {
    type: "text",
    group: cpu,
    placeholder: "decimal",
    help: "Number of CPUs",
    set: (draft, text) => {
      draft.options.resources.cpus = parseCpus(text);
    },
  },
  "cpu-shares": {
    type: "int",
    short: "c",
    group: cpu,
    help: "CPU shares (relative weight)",
    set: (draft, value) => {
      setUnlessZero(value, (shares) => (draft.options.resources.cpuShares = shares));
    },
  },
  "cpu-period": {
    type: "int",
    group: cpu,
    placeholder: "us",
    help: "Limit CPU CFS (Completely Fair Scheduler) period",
    set: (draft, value) => {
      setUnlessZero(value, (periodUs) => (draft.options.resources.cpuPeriodUs = periodUs));
    },
  },
  "cpu-quota": {
    type: "int",
    group: cpu,
    placeholder: "us",
    help: "Limit CPU CFS (Completely Fair Scheduler) quota",
    set: (draft, value) => {
      setUnlessZero(value, (quotaUs) => (draft.options.resources.cpuQuotaUs = quotaUs));
    },
  },
  "cpu-rt-period": {
    type: "int",
    group: cpu,
    placeholder: "us",
    help: "Limit CPU real-time period (cgroup v1)",
    set: (draft, value) => {
      const { resources } = draft.options;
      setUnlessZero(value, (periodUs) => (resources.cpuRealtimePeriodUs = periodUs));
    },
  },
  "cpu-rt-runtime": {
    type: "int",
    group: cpu,
    placeholder: "us",
    help: "Limit CPU real-time runtime (cgroup v1)",
    set: (draft, value) => {
      const { resources } = draft.options;
      setUnlessZero(value, (runtimeUs) => (resources.cpuRealtimeRuntimeUs = runtimeUs));
    },
  },
  "cpuset-cpus": {
    type: "text",
    ignoresEmpty: true,
    group: cpu,
    placeholder: "list",
    help: "CPUs in which to allow execution (0-3, 0,1)",
    set: (draft, text) => {
      draft.options.resources.cpusetCpus = parseCpuset(text);
    },
  },
  "cpuset-mems": {
    type: "text",
    ignoresEmpty: true,
    group: cpu,
    placeholder: "list",
    help: "MEMs in which to allow execution (0-3, 0,1)",
    set: (draft, text) => {
      draft.options.resources.cpusetMems = parseCpuset(text);
    },
  },
  "blkio-weight": {
    type: "int",
    group: io,
    help: "Block IO (relative weight), between 10 and 1000, or 0 to disable",
    set: (draft, value) => {
      setUnlessZero(value, (weight) => (draft.options.resources.blkioWeight = weight));
    },
  },
  "blkio-weight-device": {
    type: "list",
    group: io,
    placeholder: "DEVICE:WEIGHT",
    help: "Block IO weight (relative device weight)",
    set: (draft, text) => {
      (draft.options.resources.blkioWeightDevice ??= []).push(parseDeviceWeight(text));
    },
  },
  "device-read-bps": {
    type: "list",
    group: io,
    placeholder: "DEVICE:RATE",
    help: "Limit read rate (bytes per second) from a device",
    set: (draft, text) => {
      (draft.options.resources.deviceReadBps ??= []).push(parseByteThrottle(text));
    },
  },
  "device-write-bps": {
    type: "list",
    group: io,
    placeholder: "DEVICE:RATE",
    help: "Limit write rate (bytes per second) to a device",
    set: (draft, text) => {
      (draft.options.resources.deviceWriteBps ??= []).push(parseByteThrottle(text));
    },
  },
  "device-read-iops": {
    type: "list",
    group: io,
    placeholder: "DEVICE:RATE",
    help: "Limit read rate (IO per second) from a device",
    set: (draft, text) => {
      (draft.options.resources.deviceReadIops ??= []).push(parseOperationThrottle(text));
    },
  },
  "device-write-iops": {
    type: "list",
    group: io,
    placeholder: "DEVICE:RATE",
    help: "Limit write rate (IO per second) to a device",
    set: (draft, text) => {
      (draft.options.resources.deviceWriteIops ??= []).push(parseOperationThrottle(text));
    },
  },
};

/** docker's 0 means "as if the flag were not there". */
function setUnlessZero(value: number, set: (value: number) => void): void {
  if (value !== 0) set(value);
}
