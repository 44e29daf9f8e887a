// Waiting without an event loop: the set-up and tear-down of cgroups is synchronous.

let cell: Int32Array | undefined;

/** Blocks this thread for `ms` milliseconds (fractions count). */
export function sleepMs(ms: number): void {
  cell ??= new Int32Array(new SharedArrayBuffer(4));
  Atomics.wait(cell, 0, 0, ms);
}

/**
 * Asks `isDone` until it is, at first every quarter of a millisecond, later every 50 ms. False
 * where `timeoutMs` passed before.
 */
export function waitUntil(isDone: () => boolean, timeoutMs: number): boolean {
  const deadline = performance.now() + timeoutMs;
  for (let pauseMs = 0.25; !isDone(); pauseMs = Math.min(pauseMs * 2, 50)) {
    if (performance.now() >= deadline) return false;
    sleepMs(pauseMs);
  }
  return true;
}
