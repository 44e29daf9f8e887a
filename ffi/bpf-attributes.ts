// union bpf_attr, as far as device filters need it, without its pointers: linux/bpf.h, bpf(2). Pure.

export const BPF_PROG_LOAD = 5;
export const BPF_PROG_ATTACH = 8;
const BPF_PROG_TYPE_CGROUP_DEVICE = 15;
export const BPF_CGROUP_DEVICE = 6;
const BPF_F_ALLOW_MULTI = 2;
const INSTRUCTION_BYTES = 8;
/** Kernel: device programs call no helper that asks for the GPL. */
export const LICENSE = new TextEncoder().encode("MIT\0");
/** Covers every field used; the kernel takes any size whose surplus is zero. */
export const ATTRIBUTE_BYTES = 120;

/** Where the pointers belong in the attribute of BPF_PROG_LOAD. */
export const LOAD_POINTERS = { instructions: 8, license: 16 } as const;

/** BPF_PROG_LOAD of a device filter. */
export function loadAttribute(instructions: Uint8Array): DataView {
  const attribute = new DataView(new ArrayBuffer(ATTRIBUTE_BYTES));
  attribute.setUint32(0, BPF_PROG_TYPE_CGROUP_DEVICE, true);
  attribute.setUint32(4, instructions.length / INSTRUCTION_BYTES, true);
  return attribute;
}

/** BPF_PROG_ATTACH, beside what is there: a request passes if every program lets it. */
export function attachAttribute(cgroupFd: number, programFd: number): DataView {
  const attribute = detachAttribute(cgroupFd, programFd);
  attribute.setUint32(12, BPF_F_ALLOW_MULTI, true);
  return attribute;
}

/** BPF_PROG_DETACH of one program. */
export function detachAttribute(cgroupFd: number, programFd: number): DataView {
  const attribute = new DataView(new ArrayBuffer(ATTRIBUTE_BYTES));
  attribute.setUint32(0, cgroupFd, true);
  attribute.setUint32(4, programFd, true);
  attribute.setUint32(8, BPF_CGROUP_DEVICE, true);
  return attribute;
}
