// The device filter of a cgroup: a BPF program that is attached to it.

import {
  attachCgroupProgram,
  cgroupProgramIds,
  detachCgroupProgram,
  loadDeviceProgram,
  openProgram,
} from "../../ffi/bpf.ts";
import { O } from "../../ffi/constants.ts";
import { Fd } from "../../ffi/fd.ts";
import { openFile } from "../../ffi/files.ts";
import { deviceProgram } from "../device-program.ts";
import type { DevicePolicy } from "../device-rules.ts";

/**
 * Loads the policy's program and attaches it to the cgroup at `directory`, in place of those that
 * were attached there before. Throws SyscallError (bpf, open).
 */
export function attachDeviceFilter(directory: string, policy: DevicePolicy): void {
  using cgroup = openCgroup(directory);
  const before = cgroupProgramIds(cgroup.number);
  using program = loadDeviceProgram(deviceProgram(policy));
  attachCgroupProgram(cgroup.number, program.number, directory);
  // Order: the old ones go last. While both are attached both must agree, so nothing that neither
  // policy allows is ever let through.
  for (const id of before) {
    using old = openProgram(id);
    detachCgroupProgram(cgroup.number, old.number);
  }
}

function openCgroup(directory: string): Fd {
  return new Fd(openFile(directory, O.O_RDONLY));
}
