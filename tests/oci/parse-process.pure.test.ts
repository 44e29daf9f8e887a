import { describe } from "bun:test";
import { testRefusals } from "./refusal.ts";

describe("the process of a config.json is refused with the JSON path", () => {
  testRefusals([
    ["ociVersion", undefined, "ociVersion: must be given"],
    ["ociVersion", "", "ociVersion: must not be empty"],
    ["ociVersion", 1, "ociVersion: must be a string: got 1"],
    ["ociVersion", "2.0.0", 'ociVersion: must be 1.x: got "2.0.0"'],
    ["process", undefined, "process: must be given"],
    ["process", [], "process: must be an object: got an array"],
    ["process.terminal", "yes", 'process.terminal: must be true or false: got "yes"'],
    [
      "process.consoleSize",
      { height: -1, width: 1 },
      "process.consoleSize.height: must be between 0 and 4294967295: got -1",
    ],
    ["process.user", "root", 'process.user: must be an object: got "root"'],
    ["process.user.uid", -1, "process.user.uid: must be between 0 and 4294967294: got -1"],
    [
      "process.user.uid",
      4294967295,
      "process.user.uid: must be between 0 and 4294967294: got 4294967295",
    ],
    ["process.user.gid", 1.5, "process.user.gid: must be a whole number: got 1.5"],
    ["process.user.gid", "0", 'process.user.gid: must be a whole number: got "0"'],
    ["process.user.umask", 512, "process.user.umask: must be between 0 and 511: got 512"],
    [
      "process.user.additionalGids",
      [1, -2],
      "process.user.additionalGids[1]: must be a whole number from 0 to 4294967294: got -2",
    ],
    ["process.args", undefined, "process.args: must not be empty"],
    ["process.args", [], "process.args: must not be empty"],
    ["process.args", ["a", null], "process.args[1]: must be a string: got null"],
    ["process.args", ["a\0b"], "process.args[0]: must not contain a NUL byte"],
    ["process.env", { A: "1" }, "process.env: must be an array: got an object"],
    ["process.env", ["A=1", "B"], 'process.env[1]: must be NAME=value: got "B"'],
    ["process.env", ["=B"], 'process.env[0]: must be NAME=value: got "=B"'],
    ["process.cwd", undefined, "process.cwd: must not be empty"],
    ["process.cwd", "tmp", 'process.cwd: must be an absolute path: got "tmp"'],
    ["process.cwd", "/\u001b[2J", "accepted"],
    [
      "process.capabilities",
      { ambient: "CAP_KILL" },
      'process.capabilities.ambient: must be an array: got "CAP_KILL"',
    ],
    [
      "process.rlimits",
      [{ type: "RLIMIT_FOO", hard: 1, soft: 1 }],
      'process.rlimits[0].type: unknown resource limit: "RLIMIT_FOO"',
    ],
    [
      "process.rlimits",
      [{ type: "RLIMIT_AS CORE", hard: 1, soft: 1 }],
      'process.rlimits[0].type: unknown resource limit: "RLIMIT_AS CORE"',
    ],
    ["process.rlimits", [{ type: "RLIMIT_AS", soft: 1 }], "process.rlimits[0].hard: must be given"],
    [
      "process.rlimits",
      [{ type: "RLIMIT_AS", hard: -1, soft: 0 }],
      "process.rlimits[0].hard: must be between 0 and 2^64-1: got -1",
    ],
    [
      "process.rlimits",
      [{ type: "RLIMIT_AS", hard: 1, soft: 2 }],
      "process.rlimits[0].soft: must be at most the hard limit 1: got 2",
    ],
    [
      "process.rlimits",
      [
        { type: "RLIMIT_AS", hard: 1, soft: 1 },
        { type: "RLIMIT_AS", hard: 1, soft: 1 },
      ],
      "process.rlimits[1].type: RLIMIT_AS is given twice",
    ],
    ["process.oomScoreAdj", 1001, "process.oomScoreAdj: must be between -1000 and 1000: got 1001"],
    [
      "process.scheduler",
      { policy: "SCHED_FAST" },
      'process.scheduler.policy: unknown scheduling policy: "SCHED_FAST"',
    ],
    [
      "process.scheduler",
      { policy: "SCHED_OTHER", nice: 20 },
      "process.scheduler.nice: must be between -20 and 19: got 20",
    ],
    [
      "process.scheduler",
      { policy: "SCHED_OTHER", priority: 1 },
      "process.scheduler.priority: is for SCHED_FIFO and SCHED_RR only: got policy SCHED_OTHER",
    ],
    [
      "process.scheduler",
      { policy: "SCHED_FIFO", period: 1 },
      "process.scheduler.period: is for SCHED_DEADLINE only: got policy SCHED_FIFO",
    ],
    [
      "process.scheduler",
      { policy: "SCHED_RR", flags: ["X"] },
      'process.scheduler.flags[0]: unknown scheduling flag: "X"',
    ],
    [
      "process.ioPriority",
      { class: "IOPRIO_CLASS_BE", priority: 8 },
      "process.ioPriority.priority: must be between 0 and 7: got 8",
    ],
    ["process.ioPriority", { priority: 1 }, "process.ioPriority.class: must be given"],
  ]);
});
