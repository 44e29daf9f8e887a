// Bytes that wait for somebody to take them.

import { expect, test } from "bun:test";
import { O } from "../../ffi/constants.ts";
import { open } from "../../ffi/fcntl.ts";
import { pipe2, read, write } from "../../ffi/unistd.ts";
import { openPseudoTerminal } from "../../ffi/termios.ts";
import { Conveyor } from "../../src/engine/conveyor.ts";
import { refusal } from "../ffi/child.ts";

function openPipe() {
  return pipe2(O.O_CLOEXEC | O.O_NONBLOCK);
}

test("keeps the order, and gives at most PIPE_BUF at once", () => {
  const [source, target] = [openPipe(), openPipe()];
  using _in = source.write;
  using from = source.read;
  using to = target.write;
  using out = target.read;
  const bytes = new Uint8Array(10_000).map((_, i) => i % 251);
  write(source.write.number, bytes);
  const conveyor = new Conveyor();
  expect(conveyor.readFrom(from.number)).toBe(10_000);
  const sizes: number[] = [];
  const found: number[] = [];
  const buffer = new Uint8Array(16_384);
  while (!conveyor.isEmpty) {
    expect(conveyor.writeTo(to.number)).toBe(true);
    const length = read(out.number, buffer);
    sizes.push(length);
    found.push(...buffer.subarray(0, length));
  }
  expect(sizes).toEqual([4096, 4096, 1808]);
  expect(found).toEqual([...bytes]);
});

test("has room for 64 KiB, and keeps what is not taken", () => {
  const { read: from, write: to } = openPipe();
  using _from = from;
  using _to = to;
  using zero = open("/dev/zero", O.O_RDONLY);
  const conveyor = new Conveyor();
  expect(conveyor.readFrom(zero.number)).toBe(65_536);
  expect(conveyor.hasRoom).toBe(false);
  for (let i = 0; i < 16; i++) conveyor.writeTo(to.number);
  expect(conveyor.hasRoom).toBe(true);
  conveyor.readFrom(zero.number);
  // The pipe is full: EAGAIN is no error, and nothing is lost.
  expect(conveyor.writeTo(to.number)).toBe(true);
  expect(conveyor.isEmpty).toBe(false);
});

test("tells nothing to read (0) from the end (undefined)", () => {
  const { read: from, write: to } = openPipe();
  using _from = from;
  const conveyor = new Conveyor();
  expect(conveyor.readFrom(from.number)).toBe(0);
  to[Symbol.dispose]();
  expect(conveyor.readFrom(from.number)).toBeUndefined();
});

test("takes a terminal's EIO for the end, when nobody has it open", () => {
  const { master, slave } = openPseudoTerminal();
  using _master = master;
  slave[Symbol.dispose]();
  expect(new Conveyor().readFrom(master.number)).toBeUndefined();
});

test("says that nobody reads any more", () => {
  const { read: from, write: to } = openPipe();
  using _to = to;
  from[Symbol.dispose]();
  using zero = open("/dev/zero", O.O_RDONLY);
  const conveyor = new Conveyor();
  conveyor.readFrom(zero.number);
  expect(conveyor.writeTo(to.number)).toBe(false);
});

test("throws what is nobody's leaving: a disk that is full", () => {
  using zero = open("/dev/zero", O.O_RDONLY);
  using full = open("/dev/full", O.O_WRONLY);
  const conveyor = new Conveyor();
  conveyor.readFrom(zero.number);
  expect(refusal(() => conveyor.writeTo(full.number))).toBe("write ENOSPC");
});
