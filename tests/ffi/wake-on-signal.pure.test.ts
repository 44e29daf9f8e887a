// A signal that poll can wait for.

import { expect, test } from "bun:test";
import { poll, POLL } from "../../ffi/poll.ts";
import { read } from "../../ffi/unistd.ts";
import { wakeOnSignal } from "../../ffi/wake-on-signal.ts";
import { refusal } from "./child.ts";

const SIGWINCH = 28;

test("a signal makes the descriptor readable, until it has been read", () => {
  using woken = wakeOnSignal(SIGWINCH);
  const isReadable = () => poll([{ fd: woken.number, events: POLL.POLLIN }], 0)[0] !== 0;
  expect(isReadable()).toBe(false);
  process.kill(process.pid, "SIGWINCH");
  process.kill(process.pid, "SIGWINCH");
  expect(poll([{ fd: woken.number, events: POLL.POLLIN }], 5000)).toEqual([POLL.POLLIN]);
  expect(read(woken.number, new Uint8Array(64))).toBeGreaterThan(0);
  expect(isReadable()).toBe(false);
  expect(refusal(() => read(woken.number, new Uint8Array(64)))).toBe("read EAGAIN");
});

test("signals that nobody reads never block the process", () => {
  using _woken = wakeOnSignal(SIGWINCH);
  for (let i = 0; i < 70_000; i++) process.kill(process.pid, "SIGWINCH");
});

test("a signal that has no handler is refused with EINVAL", () => {
  expect(refusal(() => wakeOnSignal(9))).toBe("sigaction EINVAL");
});
