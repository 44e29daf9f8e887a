// bpf(2): the calls of a device filter.

import {
  attachAttribute,
  ATTRIBUTE_BYTES,
  BPF_PROG_ATTACH,
  BPF_PROG_LOAD,
  LICENSE,
  LOAD_POINTERS,
  loadAttribute,
} from "../bpf-attributes.ts";
import { type Call, Struct } from "../call.ts";
import { call, type CallOptions } from "./make.ts";

/** bpf(BPF_PROG_LOAD) of a device filter: the result is its descriptor. */
export function bpfLoadDeviceProgram(program: Uint8Array, options?: CallOptions): Call {
  const attribute = new Struct(
    bytesOf(loadAttribute(program)),
    () => `{BPF_PROG_TYPE_CGROUP_DEVICE, ${program.length / 8} BPF instructions}`,
    [
      { offset: LOAD_POINTERS.instructions, to: program },
      { offset: LOAD_POINTERS.license, to: LICENSE },
    ],
  );
  return call("bpf", [BPF_PROG_LOAD, attribute, ATTRIBUTE_BYTES], options);
}

/** bpf(BPF_PROG_ATTACH): both descriptors by numbers that are known beforehand, as they are in a struct. */
export function bpfAttachDeviceProgram(
  cgroupFd: number,
  programFd: number,
  options?: CallOptions,
): Call {
  const attribute = new Struct(
    bytesOf(attachAttribute(cgroupFd, programFd)),
    () =>
      `{target_fd=${cgroupFd}, attach_bpf_fd=${programFd}, BPF_CGROUP_DEVICE, BPF_F_ALLOW_MULTI}`,
  );
  return call("bpf", [BPF_PROG_ATTACH, attribute, ATTRIBUTE_BYTES], options);
}

const bytesOf = ({ buffer }: DataView): Uint8Array => new Uint8Array(buffer);
