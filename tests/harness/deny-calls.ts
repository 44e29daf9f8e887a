// `bun deny-calls.ts NAME,NAME COMMAND…`: runs a command to which a seccomp filter denies those system calls
// with EPERM, as a container engine around it may do.

import { execve } from "../../ffi/unistd.ts";
import { seccompSetFilter } from "../../ffi/seccomp.ts";
import { syscallNumber, type SyscallName } from "../../ffi/syscall-numbers.ts";

const [LOAD_NUMBER, JUMP_EQUAL, RETURN] = [0x20, 0x15, 0x06];
const ALLOW = 0x7fff0000;
const EPERM = 0x00050001;

/** struct sock_filter */
function instruction(code: number, jumpTrue: number, jumpFalse: number, value: number): Uint8Array {
  const bytes = new Uint8Array(8);
  const view = new DataView(bytes.buffer);
  view.setUint16(0, code, true);
  view.setUint8(2, jumpTrue);
  view.setUint8(3, jumpFalse);
  view.setUint32(4, value, true);
  return bytes;
}

const [names = "", path = "", ...args] = process.argv.slice(2);
const checks = names
  .split(",")
  .flatMap((name) => [
    instruction(JUMP_EQUAL, 0, 1, syscallNumber(name as SyscallName)),
    instruction(RETURN, 0, 0, EPERM),
  ]);
const program = [instruction(LOAD_NUMBER, 0, 0, 0), ...checks, instruction(RETURN, 0, 0, ALLOW)];
const environment = Object.entries(process.env).map(([name, value]) => `${name}=${value}`);
seccompSetFilter(new Uint8Array(Buffer.concat(program)), 0);
execve(path, [path, ...args], environment);
