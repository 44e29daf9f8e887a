// Passing signals on to another process without JavaScript: a handler of a few instructions sends
// each signal it gets to a pidfd. So this thread can wait in one system call, with no event loop to
// start (1 to 4 ms) and no moment in which a signal is lost; and as the target is a pidfd, no
// process that happens to get the same pid later is ever hit.

import { rawCall } from "./syscall.ts";
import { CODE_ARM64, CODE_X64, PIDFD_OFFSET } from "./forward-signals-code.ts";
import { MAP, PROT_READ, PROT_WRITE } from "./constants.ts";
import { codeBytes } from "./agent/elf.ts";
import { check, library, scratch } from "./library.ts";
import { type Mapping, mmap, PROT_EXEC } from "./mman.ts";

const signalH = library({
  sigaction: ["i32", "i32", "pointer", "pointer"],
});

const PAGE_BYTES = 0x10000;
/** struct sigaction of libc: handler, mask (128 bytes), flags, restorer; musl's is no larger. */
const SIGACTION_BYTES = 160;
const SIGACTION_FLAGS_OFFSET = 136;
const SA_RESTART = 0x10000000;
const FIRST_REALTIME = 35;
const LAST_REALTIME = 64;

// SIGHUP SIGINT SIGQUIT SIGUSR1 SIGUSR2 SIGALRM SIGTERM SIGSTKFLT SIGCONT SIGVTALRM SIGPROF
// SIGWINCH SIGIO. Not among them: what is about children, pipes, job control, or faults.
const FORWARDED = [1, 2, 3, 10, 12, 14, 15, 16, 18, 26, 27, 28, 29];

/** From now on every signal that can be passed on goes to `pidfd`, until the process ends. */
export function forwardSignals(pidfd: number): void {
  const handler = makeHandler(pidfd);
  const { address, bytes } = scratch(SIGACTION_BYTES);
  const words = new Uint32Array(bytes.buffer, bytes.byteOffset, SIGACTION_BYTES / 4);
  words[0] = handler.address >>> 0;
  words[1] = handler.address / 2 ** 32;
  words[SIGACTION_FLAGS_OFFSET / 4] = SA_RESTART;
  const h = signalH();
  for (const signal of FORWARDED) check(h.sigaction(signal, address, 0), "sigaction");
  for (let signal = FIRST_REALTIME; signal <= LAST_REALTIME; signal++) {
    check(h.sigaction(signal, address, 0), "sigaction");
  }
}

/** Security: the page is written first and executable afterwards, never both. */
function makeHandler(pidfd: number): Mapping {
  const page = mmap({
    byteLength: PAGE_BYTES,
    protection: PROT_READ | PROT_WRITE,
    flags: MAP.MAP_PRIVATE | MAP.MAP_ANONYMOUS,
  });
  const { bytes } = page;
  const isArm = process.arch === "arm64";
  bytes.set(codeBytes(isArm ? CODE_ARM64 : CODE_X64));
  new Int32Array(bytes.buffer)[PIDFD_OFFSET[isArm ? "arm64" : "x64"] / 4] = pidfd;
  check(rawCall("mprotect", page.address, PAGE_BYTES, PROT_READ | PROT_EXEC), "mprotect");
  return page;
}
