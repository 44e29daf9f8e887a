// Flags of seccomp(2) that a profile may ask for.
import { UserError } from "../errors.ts";

export const SECCOMP_FILTER_FLAG_LOG = 1 << 1;
export const SECCOMP_FILTER_FLAG_SPEC_ALLOW = 1 << 2;
export const SECCOMP_FILTER_FLAG_NEW_LISTENER = 1 << 3;
export const SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV = 1 << 5;

interface KnownFlag {
  readonly bit: number;
  /** Kernel: the first version that takes it. */
  readonly since: readonly [major: number, minor: number];
}

/** The flags of the OCI runtime specification. */
export const FLAGS: { readonly [name: string]: KnownFlag } = {
  // The filter is loaded by a process of one thread, so there is no other thread to give it to.
  SECCOMP_FILTER_FLAG_TSYNC: { bit: 0, since: [3, 17] },
  SECCOMP_FILTER_FLAG_LOG: { bit: SECCOMP_FILTER_FLAG_LOG, since: [4, 14] },
  SECCOMP_FILTER_FLAG_SPEC_ALLOW: { bit: SECCOMP_FILTER_FLAG_SPEC_ALLOW, since: [4, 17] },
  SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV: {
    bit: SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV,
    since: [5, 19],
  },
};

/**
 * The bits for seccomp(2). A profile without `flags` gets SPEC_ALLOW, as from runc and crun: the
 * kernel's guard against speculative store bypass would otherwise slow the whole container down.
 * An empty list gets none.
 * @param listener whether a rule notifies; without one there is nobody who could wait
 * @param path where `flags` stands, for messages
 * @throws UserError for a flag that is unknown, or that this kernel does not have
 */
export function parseFlags(
  flags: readonly string[] | undefined,
  kernel: readonly [major: number, minor: number],
  listener: boolean,
  path: string,
): number {
  let bits = flags === undefined ? SECCOMP_FILTER_FLAG_SPEC_ALLOW : 0;
  flags?.forEach((name, i) => (bits |= parseFlag(name, kernel, `${path}[${i}]`)));
  if (listener) return bits | SECCOMP_FILTER_FLAG_NEW_LISTENER;
  return bits & ~SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV;
}

function parseFlag(name: string, kernel: readonly [number, number], path: string): number {
  const flag = Object.hasOwn(FLAGS, name) ? FLAGS[name] : undefined;
  if (flag === undefined) throw new UserError(`${path}: unknown flag: "${name}"`);
  const [major, minor] = flag.since;
  if (kernel[0] > major || (kernel[0] === major && kernel[1] >= minor)) return flag.bit;
  const wanted = `${name} needs Linux ${major}.${minor}`;
  throw new UserError(`${path}: ${wanted}: got ${kernel[0]}.${kernel[1]}`);
}
