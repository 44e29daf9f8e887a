// sys/capability.h: capabilities by name and number, and the sets of a process.

import { rawCall } from "./syscall.ts";
import { check, library, scratch } from "./library.ts";
import { observed } from "./observe.ts";
import { CAP_DATA, CAP_HEADER } from "./struct-tables.ts";
import { structReader, writeStruct } from "./structs.ts";

const capabilityH = library({
  capset: ["i32", "pointer", "pointer"],
});

// linux/capability.h, in the order of the numbers from 0; the prefix CAP_ is left out.
const NAMES =
  "CHOWN DAC_OVERRIDE DAC_READ_SEARCH FOWNER FSETID KILL SETGID SETUID SETPCAP LINUX_IMMUTABLE NET_BIND_SERVICE NET_BROADCAST NET_ADMIN NET_RAW IPC_LOCK IPC_OWNER SYS_MODULE SYS_RAWIO SYS_CHROOT SYS_PTRACE SYS_PACCT SYS_ADMIN SYS_BOOT SYS_NICE SYS_RESOURCE SYS_TIME SYS_TTY_CONFIG MKNOD LEASE AUDIT_WRITE AUDIT_CONTROL SETFCAP MAC_OVERRIDE MAC_ADMIN SYSLOG WAKE_ALARM BLOCK_SUSPEND AUDIT_READ PERFMON BPF CHECKPOINT_RESTORE";

let names: string[] | undefined;

/** All 41 names of Linux 5.9 and later, `CAP_CHOWN` first, each at its number. */
export function capabilityNames(): readonly string[] {
  return (names ??= `CAP_${NAMES}`.replaceAll(" ", " CAP_").split(" "));
}

/** The number of `CAP_KILL`; undefined for a name that the kernel does not know. */
export function capabilityNumber(name: string): number | undefined {
  const number = capabilityNames().indexOf(name);
  return number < 0 ? undefined : number;
}

/** A set as two words of 32 bits, without the cost of a bigint; unknown names are left out. */
export function capabilityBits(set: Iterable<string>): { low: number; high: number } {
  let low = 0;
  let high = 0;
  for (const name of set) {
    const number = capabilityNumber(name);
    if (number === undefined) continue;
    if (number < 32) low |= 1 << number;
    else high |= 1 << (number - 32);
  }
  return { low, high };
}

/** A set as the bit mask that the kernel takes; unknown names are left out. */
export function capabilityMask(set: Iterable<string>): bigint {
  let mask = 0n;
  for (const name of set) {
    const number = capabilityNumber(name);
    if (number !== undefined) mask |= 1n << BigInt(number);
  }
  return mask;
}

/** The names in a bit mask, by number; bits without a name are left out. */
export function capabilitiesIn(mask: bigint): string[] {
  const names: string[] = [];
  let rest = mask;
  for (const name of capabilityNames()) {
    if ((rest & 1n) === 1n) names.push(name);
    rest >>= 1n;
  }
  return names;
}

/** Three of a thread's sets as bit masks. */
export interface CapabilitySets {
  readonly effective: bigint;
  readonly permitted: bigint;
  readonly inheritable: bigint;
}

const VERSION_3 = 0x20080522;

function header(pid: number): number {
  const { address, bytes } = scratch(CAP_HEADER.byteLength);
  writeStruct(CAP_HEADER, bytes, { version: VERSION_3, pid });
  return address;
}

/** The sets of process `pid` (0: this thread). capget(2); ESRCH where there is none. */
export function capget(pid: number): CapabilitySets {
  const data = scratch(2 * CAP_DATA.byteLength);
  const context = { detail: `pid ${pid}` };
  check(rawCall("capget", header(pid), data.address), "capget", context);
  const low = structReader(CAP_DATA, data.bytes);
  const high = structReader(CAP_DATA, data.bytes.subarray(CAP_DATA.byteLength));
  const join = (name: keyof CapabilitySets) => BigInt(low(name)) | (BigInt(high(name)) << 32n);
  const permitted = join("permitted");
  observed("capabilities", String(pid), permitted.toString(16));
  return { effective: join("effective"), permitted, inheritable: join("inheritable") };
}

/** Sets the sets of this thread. capset(2); EPERM for what is not permitted already. */
export function capset({ effective, permitted, inheritable }: CapabilitySets): void {
  const data = scratch(2 * CAP_DATA.byteLength);
  for (const half of [0, 1]) {
    const part = (mask: bigint) => Number((mask >> BigInt(32 * half)) & 0xffffffffn);
    writeStruct(CAP_DATA, data.bytes.subarray(half * CAP_DATA.byteLength), {
      effective: part(effective),
      permitted: part(permitted),
      inheritable: part(inheritable),
    });
  }
  const context = () => ({ detail: `permitted 0x${permitted.toString(16)}` });
  check(capabilityH().capset(header(0), data.address), "capset", context);
}
