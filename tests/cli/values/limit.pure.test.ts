// Resource limits, devices and their throttles.
import {
  parseByteThrottle,
  parseDevice,
  parseOperationThrottle,
} from "../../../src/cli/values/device.ts";
import { parseUlimit } from "../../../src/cli/values/ulimit.ts";
import { acceptsEach, refusesEach } from "../tables.ts";

acceptsEach("ulimit", parseUlimit, [
  ["nofile=1024", { type: "RLIMIT_NOFILE", soft: 1024, hard: 1024 }],
  ["nofile=1024:2048", { type: "RLIMIT_NOFILE", soft: 1024, hard: 2048 }],
  ["core=0", { type: "RLIMIT_CORE", soft: 0, hard: 0 }],
  ["stack=5:-1", { type: "RLIMIT_STACK", soft: 5, hard: "unlimited" }],
  ["memlock=-1", { type: "RLIMIT_MEMLOCK", soft: "unlimited", hard: "unlimited" }],
]);

refusesEach("ulimit", parseUlimit, [
  ["foo", "invalid ulimit argument: foo"],
  ["bar=1", "invalid ulimit type: bar"],
  ["=3", "invalid ulimit type: "],
  ["NOFILE=3", "invalid ulimit type: NOFILE"],
  ["core cpu=3", "invalid ulimit type: core cpu"],
  ["nofile=", "must be a whole number"],
  ["nofile=x", "must be a whole number"],
  ["nofile=1:", "must be a whole number"],
  ["nofile=-5", "a limit must be at least 0, or -1 for no limit"],
  [
    "nofile=1:2:3",
    "too many limit value arguments - 1:2:3, can only have up to two, `soft[:hard]`",
  ],
  ["nofile=5:3", "ulimit soft limit must be less than or equal to hard limit: 5 > 3"],
  [
    "nofile=-1:3",
    "ulimit soft limit must be less than or equal to hard limit: soft: -1 (unlimited), hard: 3",
  ],
]);

acceptsEach("device", parseDevice, [
  ["/dev/fuse", { hostPath: "/dev/fuse", containerPath: "/dev/fuse", access: "rwm" }],
  ["/dev/fuse:r", { hostPath: "/dev/fuse", containerPath: "/dev/fuse", access: "r" }],
  ["/dev/sda:/dev/xvda", { hostPath: "/dev/sda", containerPath: "/dev/xvda", access: "rwm" }],
  ["/dev/sda:/dev/xvda:rw", { hostPath: "/dev/sda", containerPath: "/dev/xvda", access: "rw" }],
]);

refusesEach("device", parseDevice, [
  ["", " is not an absolute path"],
  ["fuse", "fuse is not an absolute path"],
  ["/dev/a:b", "b is not an absolute path"],
  ["/dev/a:/b:foo", "bad mode specified: foo"],
  ["/dev/a:/b:rr", "bad mode specified: rr"],
  ["/dev/a:/b:", "bad mode specified: "],
  ["/dev/a:/b:r:w", "bad format for path: /dev/a:/b:r:w"],
]);

const byteRule =
  "The correct format is <device-path>:<number>[<unit>]. Number must be a positive integer. Unit is optional and can be kb, mb, or gb";
const operationRule =
  "The correct format is <device-path>:<number>. Number must be a positive integer";

acceptsEach("byte throttle", parseByteThrottle, [
  ["/dev/sda:1000", { path: "/dev/sda", rate: 1000 }],
  ["/dev/sda:1mb", { path: "/dev/sda", rate: 1048576 }],
]);

refusesEach("byte throttle", parseByteThrottle, [
  ["foo", "bad format: foo"],
  ["/dev/sda", "bad format: /dev/sda"],
  [":1", "bad format: :1"],
  ["sda:1", "bad format for device path: sda:1"],
  ["/foo:1", "bad format for device path: /foo:1"],
  ["/dev/sda:", `invalid rate for device: /dev/sda:. ${byteRule}`],
  ["/dev/sda:x", `invalid rate for device: /dev/sda:x. ${byteRule}`],
  ["/dev/sda:-1", `invalid rate for device: /dev/sda:-1. ${byteRule}`],
  ["/dev/sda:1:2", `invalid rate for device: /dev/sda:1:2. ${byteRule}`],
]);

acceptsEach("operation throttle", parseOperationThrottle, [
  ["/dev/sda:1000", { path: "/dev/sda", rate: 1000 }],
]);

refusesEach("operation throttle", parseOperationThrottle, [
  ["/dev/sda:1k", `invalid rate for device: /dev/sda:1k. ${operationRule}`],
  ["/dev/sda:-1", `invalid rate for device: /dev/sda:-1. ${operationRule}`],
  ["/dev/sda", "bad format: /dev/sda"],
]);
