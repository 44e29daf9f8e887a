// Signal handlers of a few instructions of machine code. No JavaScript runs in them, so this thread
// can wait in one system call, with no event loop to start (1 to 4 ms), and no moment in which a
// signal is lost.

import { codeBytes, type Listing } from "./agent/elf.ts";
import { MAP, PROT_READ, PROT_WRITE } from "./constants.ts";
import { bytesAddress, check, library } from "./library.ts";
import { mmap, PROT_EXEC } from "./mman.ts";
import { rawCall } from "./syscall.ts";

const signalH = library({
  sigaction: ["i32", "i32", "pointer", "pointer"],
});

const PAGE_BYTES = 0x10000;
/** struct sigaction of libc: handler, mask (128 bytes), flags, restorer; musl's is no larger. */
const SIGACTION_BYTES = 160;
const SIGACTION_FLAGS_OFFSET = 136;
const SA_RESTART = 0x10000000;

/** Machine code that finds a descriptor in a word behind it. */
export interface HandlerCode {
  readonly code: Listing;
  /** Where that word is, in bytes from the start of the code. */
  readonly fdOffset: number;
}

/** From now on `signals` are handled by the code, until the process ends. */
export function handleSignals(signals: readonly number[], handler: HandlerCode, fd: number): void {
  prepareHandler(signals, makeHandler(handler, fd))();
}

/**
 * From the call of what comes back on, `signals` are handled by the code at that address. Nothing is
 * left to be looked up or made by then.
 */
export function prepareHandler(signals: readonly number[], code: number): () => void {
  const words = new Uint32Array(SIGACTION_BYTES / 4);
  words[0] = code >>> 0;
  words[1] = code / 2 ** 32;
  words[SIGACTION_FLAGS_OFFSET / 4] = SA_RESTART;
  const action = new Uint8Array(words.buffer);
  const { sigaction } = signalH();
  return () => {
    const address = bytesAddress(action);
    for (const signal of signals) check(sigaction(signal, address, 0), "sigaction");
  };
}

/** Its address. Security: the page is written first and executable afterwards, never both. */
export function makeHandler({ code, fdOffset }: HandlerCode, fd: number): number {
  const { address, bytes } = mmap({
    byteLength: PAGE_BYTES,
    protection: PROT_READ | PROT_WRITE,
    flags: MAP.MAP_PRIVATE | MAP.MAP_ANONYMOUS,
  });
  bytes.set(codeBytes(code));
  new Int32Array(bytes.buffer)[fdOffset / 4] = fd;
  check(rawCall("mprotect", address, PAGE_BYTES, PROT_READ | PROT_EXEC), "mprotect");
  return address;
}
