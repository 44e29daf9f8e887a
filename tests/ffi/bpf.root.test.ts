// bpf(2) on the real kernel: one success and one named failure for each call, on the unified
// hierarchy that v2 and most hybrid hosts have.

import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { mkdirSync, openSync, readFileSync, rmdirSync } from "node:fs";
import { devicePolicy } from "../../cgroups/device-rules.ts";
import { parseCgroupMounts } from "../../cgroups/mounts.ts";
import { deviceProgram } from "../../cgroups/device-program.ts";
import {
  attachCgroupProgram,
  cgroupProgramIds,
  detachCgroupProgram,
  loadDeviceProgram,
  openProgram,
} from "../../ffi/bpf.ts";
import { Fd } from "../../ffi/fd.ts";

const mounts = parseCgroupMounts(readFileSync("/proc/self/mountinfo", "utf8"));
const unified = mounts.find((mount) => mount.unified)?.directory;
const isRoot = process.getuid?.() === 0;
const reason = !isRoot ? "needs root" : unified === undefined ? "no unified hierarchy" : "";
if (reason !== "") console.warn(`skipped: bpf: ${reason}`);

const directory = `${unified}/bunker-test-bpf-${process.pid}`;
const program = deviceProgram(
  devicePolicy([
    { allow: true, type: "c", major: 2 ** 32 - 1, minor: 3, access: "rw" },
    { allow: true, type: "b", access: "m" },
  ]),
);

describe.skipIf(reason !== "")("bpf", () => {
  beforeAll(() => mkdirSync(directory));
  afterAll(() => rmdirSync(directory));

  test("a filter is loaded, attached, listed, opened by its id and detached", () => {
    using cgroup = new Fd(openSync(directory, "r"));
    using filter = loadDeviceProgram(program);
    expect(cgroupProgramIds(cgroup.number)).toEqual([]);
    attachCgroupProgram(cgroup.number, filter.number, directory);
    const ids = cgroupProgramIds(cgroup.number);
    expect(ids.length).toBe(1);
    using same = openProgram(ids[0] ?? 0);
    detachCgroupProgram(cgroup.number, same.number);
    expect(cgroupProgramIds(cgroup.number)).toEqual([]);
  });

  test("the kernel takes the filters of both kinds of default", () => {
    const rule = { type: "c", major: 1, minor: 3, access: "r" } as const;
    for (const allow of [true, false]) {
      const policy = devicePolicy([{ allow }, { ...rule, allow: !allow }]);
      using filter = loadDeviceProgram(deviceProgram(policy));
      expect(filter.number).toBeGreaterThan(0);
    }
  });

  test("a program without an exit is refused with EINVAL", () => {
    const act = (): Fd => loadDeviceProgram(program.slice(0, 8));
    expect(act).toThrow("bpf: EINVAL (invalid argument) [BPF_PROG_LOAD]");
  });

  test("attaching to what is no cgroup is refused with EBADF", () => {
    using folder = new Fd(openSync("/", "r"));
    using filter = loadDeviceProgram(program);
    const act = (): void => attachCgroupProgram(folder.number, filter.number, "/");
    expect(act).toThrow("bpf /: EBADF (bad file descriptor) [BPF_PROG_ATTACH]");
    expect(() => cgroupProgramIds(folder.number)).toThrow("[BPF_PROG_QUERY]");
  });

  test("detaching what is not attached is refused with ENOENT, an unknown id too", () => {
    using cgroup = new Fd(openSync(directory, "r"));
    using filter = loadDeviceProgram(program);
    expect(() => detachCgroupProgram(cgroup.number, filter.number)).toThrow("bpf: ENOENT");
    expect(() => openProgram(2 ** 31 - 1)).toThrow("bpf: ENOENT");
  });
});
