// mman.h and futex.h: memory that processes share.

import { describe, expect, test } from "bun:test";
import { readFileSync, writeFileSync } from "node:fs";
import { MAP, MFD, O, PROT_READ, PROT_WRITE } from "../../ffi/constants.ts";
import { open } from "../../ffi/fcntl.ts";
import { futex_wait, futex_wake } from "../../ffi/futex.ts";
import * as mman from "../../ffi/mman.ts";
import { write } from "../../ffi/unistd.ts";
import { refusal } from "./child.ts";
import { TemporaryFolder } from "./folder.ts";

const protection = PROT_READ | PROT_WRITE;
const anonymous = { byteLength: 4096, protection, flags: MAP.MAP_PRIVATE | MAP.MAP_ANONYMOUS };

describe("memfd_create", () => {
  test("makes a file that has its name only in /proc", () => {
    using file = mman.memfd_create("bünker", MFD.MFD_CLOEXEC);
    expect(write(file.number, new TextEncoder().encode("text"))).toBe(4);
    expect(readFileSync(`/proc/self/fd/${file.number}`, "utf8")).toBe("text");
  });

  test("refuses unknown flags with EINVAL and names the known ones", () => {
    const attempt = () => mman.memfd_create("x", 0x4000_0000 | MFD.MFD_CLOEXEC);
    expect(attempt).toThrow("memfd_create: EINVAL (invalid argument) [MFD_CLOEXEC|0x40000000]");
  });
});

describe("mmap", () => {
  test("shares a file's memory, msync brings it to the file", () => {
    using folder = new TemporaryFolder();
    writeFileSync(`${folder.path}/shared`, "-".repeat(4096));
    using file = open(`${folder.path}/shared`, O.O_RDWR);
    const request = { byteLength: 4096, protection, flags: MAP.MAP_SHARED, fd: file.number };
    using memory = mman.mmap(request);
    memory.bytes.set(new TextEncoder().encode("shared"));
    mman.msync(memory.address, 4096, mman.MS_SYNC);
    expect(readFileSync(`${folder.path}/shared`, "utf8").slice(0, 8)).toBe("shared--");
  });

  test("refuses no bytes with EINVAL, and a descriptor that is not open with EBADF", () => {
    expect(refusal(() => mman.mmap({ ...anonymous, byteLength: 0 }))).toBe("mmap EINVAL");
    const request = { byteLength: 1, protection, flags: MAP.MAP_SHARED, fd: 99999 };
    expect(refusal(() => mman.mmap(request))).toBe("mmap EBADF");
  });

  test("gives memory that is unmapped at the end of its scope, once", () => {
    const memory = mman.mmap(anonymous);
    memory[Symbol.dispose]();
    memory[Symbol.dispose]();
    expect(() => memory.bytes).toThrow("memory used after it was unmapped");
    expect(refusal(() => mman.msync(memory.address, 4096, mman.MS_SYNC))).toBe("msync ENOMEM");
  });

  test("munmap refuses an address inside a page with EINVAL", () => {
    expect(refusal(() => mman.munmap(4097, 4096))).toBe("munmap EINVAL");
  });
});

describe("futex", () => {
  test("waits until another process wakes it", async () => {
    using folder = new TemporaryFolder();
    const path = `${folder.path}/word`;
    writeFileSync(path, new Uint8Array(4096));
    using file = open(path, O.O_RDWR);
    const request = { byteLength: 4096, protection, flags: MAP.MAP_SHARED, fd: file.number };
    using memory = mman.mmap(request);
    const script = new URL("fixtures/futex-waiter.ts", import.meta.url).pathname;
    const waiter = Bun.spawn([process.execPath, script, path], { stdout: "pipe" });
    // It has nobody to wake until the waiter's own start is over.
    while (futex_wake(memory.address, 1) === 0 && waiter.exitCode === null) await Bun.sleep(2);
    expect(await waiter.stdout.text()).toBe("woken\n");
    expect(await waiter.exited).toBe(0);
  });

  test("says that the word had changed, or that the time was up", () => {
    using memory = mman.mmap(anonymous);
    expect(futex_wait(memory.address, 1, 1000)).toBe("changed");
    const begin = performance.now();
    expect(futex_wait(memory.address, 0, 20)).toBe("timed out");
    expect(performance.now() - begin).toBeGreaterThan(19);
  });

  test("refuses an address that is not a word's with EINVAL", () => {
    using memory = mman.mmap(anonymous);
    expect(refusal(() => futex_wait(memory.address + 1, 0, 10))).toBe("futex EINVAL");
    expect(refusal(() => futex_wake(memory.address + 1, 1))).toBe("futex EINVAL");
  });
});

describe("mmap at an address", () => {
  // Large enough for nobody else to take the place while it is free.
  const large = { ...anonymous, byteLength: 1 << 30 };

  test("gives that address, or with MAP_FIXED_NOREPLACE refuses what is taken", () => {
    const first = mman.mmap(large);
    const { address } = first;
    const fixed = { ...large, flags: large.flags | MAP.MAP_FIXED_NOREPLACE, address };
    expect(refusal(() => mman.mmap(fixed))).toBe("mmap EEXIST");
    first[Symbol.dispose]();
    using again = mman.mmap(fixed);
    expect(again.address).toBe(address);
  });
});
