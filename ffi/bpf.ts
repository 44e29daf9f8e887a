// bpf(2), as far as device filters need it: load a program, attach it to a cgroup, list and detach
// what is attached.

import {
  attachAttribute,
  ATTRIBUTE_BYTES,
  BPF_CGROUP_DEVICE,
  BPF_PROG_ATTACH,
  BPF_PROG_LOAD,
  detachAttribute,
  LICENSE,
  LOAD_POINTERS,
  loadAttribute,
} from "./bpf-attributes.ts";
import { Fd } from "./fd.ts";
import { bytesAddress } from "./library.ts";
import { syscall } from "./syscall.ts";

const BPF_PROG_DETACH = 9;
const BPF_PROG_GET_FD_BY_ID = 13;
const BPF_PROG_QUERY = 16;
/** Kernel: a cgroup holds at most 64 programs of one type (BPF_CGROUP_MAX_PROGS). */
const MAX_PROGRAMS = 64;

/** The loaded program. Throws SyscallError: EPERM without CAP_BPF, EINVAL for a bad program. */
export function loadDeviceProgram(instructions: Uint8Array): Fd {
  const attribute = loadAttribute(instructions);
  setPointer(attribute, LOAD_POINTERS.instructions, instructions);
  setPointer(attribute, LOAD_POINTERS.license, LICENSE);
  return new Fd(bpf(BPF_PROG_LOAD, attribute, "BPF_PROG_LOAD"));
}

/** Attaches beside what is there; a request passes if every program lets it. */
export function attachCgroupProgram(cgroupFd: number, programFd: number, path: string): void {
  bpf(BPF_PROG_ATTACH, attachAttribute(cgroupFd, programFd), "BPF_PROG_ATTACH", path);
}

/** Detaches one program. Throws SyscallError ENOENT where it is not attached. */
export function detachCgroupProgram(cgroupFd: number, programFd: number): void {
  bpf(BPF_PROG_DETACH, detachAttribute(cgroupFd, programFd), "BPF_PROG_DETACH");
}

/** The ids of the device programs attached to this very cgroup. */
export function cgroupProgramIds(cgroupFd: number): number[] {
  const ids = new Uint32Array(MAX_PROGRAMS);
  const attribute = new DataView(new ArrayBuffer(ATTRIBUTE_BYTES));
  attribute.setUint32(0, cgroupFd, true);
  attribute.setUint32(4, BPF_CGROUP_DEVICE, true);
  setPointer(attribute, 16, new Uint8Array(ids.buffer));
  attribute.setUint32(24, MAX_PROGRAMS, true);
  bpf(BPF_PROG_QUERY, attribute, "BPF_PROG_QUERY");
  return [...ids.subarray(0, attribute.getUint32(24, true))];
}

/** A loaded program by its id. */
export function openProgram(id: number): Fd {
  const attribute = new DataView(new ArrayBuffer(ATTRIBUTE_BYTES));
  attribute.setUint32(0, id, true);
  return new Fd(bpf(BPF_PROG_GET_FD_BY_ID, attribute, "BPF_PROG_GET_FD_BY_ID"));
}

function setPointer(attribute: DataView, offset: number, target: Uint8Array): void {
  attribute.setBigUint64(offset, BigInt(bytesAddress(target)), true);
}

function bpf(command: number, attribute: DataView, detail: string, path?: string): number {
  const address = bytesAddress(new Uint8Array(attribute.buffer));
  const context = path === undefined ? { detail } : { detail, path };
  return syscall("bpf", [command, address, ATTRIBUTE_BYTES], context);
}
