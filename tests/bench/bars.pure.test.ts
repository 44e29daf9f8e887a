// When a bar counts as cleared.

import { describe, expect, test } from "bun:test";
import {
  judgeNetworks,
  judgeOci,
  judgeThroughput,
  judge,
  type Measured,
  judgeLife,
  judgeLoad,
  judgeLogs,
} from "../../bench/bars.ts";

const MEDIANS = {
  bunker: 10,
  "bunker-open": 8,
  crun: 20,
  "crun-open": 8,
  runc: 40,
  "runc-open": 20,
};
const AT_THE_BARS: Measured = { medianMs: MEDIANS, initBytes: 999_999, cliBytes: 59_999_999 };

const missed = (measured: Measured): string[] =>
  judge(measured)
    .filter(({ cleared }) => !cleared)
    .map(({ title }) => title);

describe("bars of a start", () => {
  test("a ratio at its limit clears the bar", () => {
    expect(missed(AT_THE_BARS)).toEqual([]);
  });

  test("a little over each limit misses each bar", () => {
    const medianMs = { ...MEDIANS, bunker: 10.01, "bunker-open": 8.01 };
    expect(missed({ medianMs, initBytes: 1e6, cliBytes: 60e6 })).toEqual([
      "default seccomp, of crun",
      "default seccomp, of runc",
      "unconfined, of crun",
      "unconfined, of runc",
      "peak memory of init before exec",
      "peak memory of the command line",
    ]);
  });

  test("what was not measured clears nothing, and says so", () => {
    const verdicts = judge({ medianMs: { bunker: 1, "bunker-open": 1 } });
    expect(verdicts.map(({ cleared }) => cleared)).toEqual(Array(6).fill(false));
    expect(verdicts.map(({ got }) => got)).toEqual(Array(6).fill("not measured"));
  });

  test("figures have the unit of their limit", () => {
    expect(judge(AT_THE_BARS).map(({ got, limit }) => `${got} of ${limit}`)).toEqual([
      "0.50 of 0.50",
      "0.25 of 0.25",
      "1.00 of 1.00",
      "0.40 of 0.40",
      "1.00 MB of 1.00 MB",
      "60.00 MB of 60.00 MB",
    ]);
  });
});

describe("the bars of the OCI verbs", () => {
  test("are cleared by ratios at the limit, and never by what was not measured", () => {
    const medianMs = {
      "bunker-run": 4,
      "crun-run": 4,
      "runc-run": 11,
      "bunker-exec": 6,
      "crun-exec": 5,
    };
    const verdicts = judgeOci({ medianMs, crowdMs: { bunker: 1, runc: 2 }, initBytes: 5e5 });
    expect(verdicts.map(({ got, cleared }) => `${got} ${cleared}`)).toEqual([
      "1.00 true",
      "0.36 true",
      "not measured false",
      "not measured false",
      "1.20 true",
      "0.50 true",
      "0.50 MB true",
    ]);
  });
});

describe("bars of networks", () => {
  const atTheBars = {
    bridge: 30,
    "podman-bridge": 300,
    "docker-bridge": 300,
    create: 25,
    "podman-create": 50,
    "crowd-first": 40,
    "crowd-last": 50,
  };

  test("figures at their limits clear all of them, and a little more misses", () => {
    const limits = { medianMs: atTheBars, portMs: 3, portsMs: 1 };
    expect(judgeNetworks(limits).every(({ cleared }) => cleared)).toBe(true);
    const worse = { ...atTheBars, bridge: 30.1, create: 25.1, "crowd-last": 50.1 };
    const over = { medianMs: worse, portMs: 3.1, portsMs: 1.1 };
    expect(judgeNetworks(over).some(({ cleared }) => cleared)).toBe(false);
  });

  test("a way without traffic clears nothing", () => {
    const ratios = { loopback: [0.9, 0.95, 1], host: [0.94], loopback6: [] };
    expect(judgeThroughput({ ratios }).map(({ cleared }) => cleared)).toEqual([
      true,
      false,
      false,
      false,
    ]);
  });
});

describe("the bars of the life of a container", () => {
  test("are each of a peer's time for the same command", () => {
    const medianMs = { "bunker-run": 12, "podman-run": 100, "docker-run": 150, "bunker-exec": 3 };
    const verdicts = judgeLife(medianMs, {
      run: "run --rm",
      detach: "run -d",
      exec: "exec",
    });
    expect(verdicts.slice(0, 4).map(({ title, got, cleared }) => [title, got, cleared])).toEqual([
      ["run --rm, of podman", "0.12", true],
      ["run --rm, of docker", "0.08", true],
      ["run -d, of podman", "not measured", false],
      ["exec, of docker", "not measured", false],
    ]);
  });
});

describe("the bars of many containers", () => {
  const MEBIBYTE = 1024 * 1024;
  const peer = { count: 100, totalMs: 2000, psMs: 20, bytes: 164 * MEBIBYTE, left: [] };
  const own = { count: 100, totalMs: 1000, psMs: 100, bytes: 82 * MEBIBYTE, left: [] };
  const missed = (measured: Parameters<typeof judgeLoad>[0]): string[] =>
    judgeLoad(measured).flatMap(({ title, cleared }) => (cleared ? [] : [title]));

  test("are cleared at their limits", () => {
    expect(missed({ bunker: own, docker: peer, podman: peer })).toEqual(["resident memory of all"]);
    const light = { ...own, bytes: 81 * MEBIBYTE };
    expect(missed({ bunker: light, docker: peer, podman: peer })).toEqual([]);
  });

  test("a peer that manages fewer is measured by what it manages", () => {
    const half = { ...peer, count: 50, totalMs: 1000, bytes: 82 * MEBIBYTE };
    expect(missed({ bunker: { ...own, bytes: 0 }, docker: half, podman: half })).toEqual([]);
  });

  test("whatever is left misses", () => {
    const left = { ...own, bytes: 0, left: ["process 7 bunker-guardian"] };
    expect(missed({ bunker: left, docker: peer, podman: peer })).toEqual(["left of them"]);
  });
});

describe("bars of logs", () => {
  const megabytesPerSecond = Object.fromEntries(
    ["pipe", "terminal"].flatMap((kind) => [
      [`bunker-written-${kind}`, 300],
      [`bunker-read-${kind}`, 200],
      [`podman-written-${kind}`, 300],
      [`podman-read-${kind}`, 30],
      [`docker-written-${kind}`, 50],
      [`docker-read-${kind}`, 40],
    ]),
  );
  const missed = (measured: Parameters<typeof judgeLogs>[0]): string[] =>
    judgeLogs(measured).flatMap(({ title, cleared }) => (cleared ? [] : [title]));

  test("are cleared at their limits, of the better of the peers", () => {
    expect(missed({ megabytesPerSecond, lost: 0, tailMs: 10, psMs: 10 })).toEqual([]);
  });

  test("a lost line misses, and so does what was not measured", () => {
    expect(missed({ megabytesPerSecond, lost: 1 })).toEqual([
      "logs --tail 10, of ps",
      "containers that have lost a line",
    ]);
    expect(missed({ megabytesPerSecond: {}, lost: 0, tailMs: 1, psMs: 1 })).toHaveLength(4);
  });
});
