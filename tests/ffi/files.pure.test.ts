// xattr.h, file.h (flock), statfs.h and stdio.h (renameat2)

import { describe, expect, test } from "bun:test";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { AT_FDCWD, O } from "../../ffi/constants.ts";
import { open } from "../../ffi/fcntl.ts";
import { makeSymlink, readLink, tryLink } from "../../ffi/files.ts";
import { flock, LOCK, tryFlock } from "../../ffi/flock.ts";
import { fileSystemName, fstatfs, statfs } from "../../ffi/statfs.ts";
import { RENAME_EXCHANGE, RENAME_NOREPLACE, renameat2 } from "../../ffi/stdio.ts";
import * as xattr from "../../ffi/xattr.ts";
import { refusal } from "./child.ts";
import { TemporaryFolder } from "./folder.ts";

const bytesOf = (text: string) => new TextEncoder().encode(text);
const textOf = (bytes: Uint8Array) => new TextDecoder().decode(bytes);

/** Whether the folder for temporary files has extended attributes (tmpfs: since Linux 6.6). */
function haveAttributes(): boolean {
  using folder = new TemporaryFolder();
  try {
    xattr.lsetxattr(folder.path, "user.bunker", bytesOf("x"));
    return true;
  } catch {
    console.warn("skipped: the file system of temporary files has no user attributes");
    return false;
  }
}

test("a symlink gets another name itself, unless that is another's", () => {
  using folder = new TemporaryFolder();
  makeSymlink("/nowhere", `${folder.path}/one`);
  expect(tryLink(`${folder.path}/one`, `${folder.path}/two`)).toBe(true);
  expect(readLink(`${folder.path}/two`)).toBe("/nowhere");
  expect(tryLink(`${folder.path}/one`, `${folder.path}/two`)).toBe(false);
  expect(tryLink(`${folder.path}/none`, `${folder.path}/three`)).toBe(false);
});

describe.skipIf(!haveAttributes())("extended attributes", () => {
  test("are set, told, listed and removed", () => {
    using folder = new TemporaryFolder();
    using file = open(folder.path, O.O_RDONLY | O.O_DIRECTORY);
    xattr.lsetxattr(folder.path, "user.one", bytesOf("first"));
    xattr.fsetxattr(file.number, "user.two", new Uint8Array());
    expect(textOf(xattr.fgetxattr(file.number, "user.one"))).toBe("first");
    expect(xattr.lgetxattr(folder.path, "user.two")).toHaveLength(0);
    expect(xattr.llistxattr(folder.path).sort()).toEqual(["user.one", "user.two"]);
    xattr.lremovexattr(folder.path, "user.two");
    expect(xattr.llistxattr(folder.path)).toEqual(["user.one"]);
  });

  test("that are missing are refused with ENODATA, existing ones with EEXIST", () => {
    using folder = new TemporaryFolder();
    using file = open(folder.path, O.O_RDONLY | O.O_DIRECTORY);
    const { path } = folder;
    expect(() => xattr.lgetxattr(path, "user.none")).toThrow(
      `lgetxattr ${path}: ENODATA (no data available) [user.none]`,
    );
    expect(refusal(() => xattr.fgetxattr(file.number, "user.none"))).toBe("fgetxattr ENODATA");
    expect(refusal(() => xattr.lremovexattr(path, "user.none"))).toBe("lremovexattr ENODATA");
    const replace = () =>
      xattr.fsetxattr(file.number, "user.none", bytesOf("x"), xattr.XATTR_REPLACE);
    expect(refusal(replace)).toBe("fsetxattr ENODATA");
    xattr.lsetxattr(path, "user.one", bytesOf("x"), xattr.XATTR_CREATE);
    const again = () => xattr.lsetxattr(path, "user.one", bytesOf("x"), xattr.XATTR_CREATE);
    expect(refusal(again)).toBe("lsetxattr EEXIST");
    expect(refusal(() => xattr.llistxattr("/missing"))).toBe("llistxattr ENOENT");
  });
});

describe("flock", () => {
  test("keeps a second one out until the first is given back or closed", () => {
    using folder = new TemporaryFolder();
    const path = `${folder.path}/lock`;
    using first = open(path, O.O_RDWR | O.O_CREAT);
    using second = open(path, O.O_RDWR);
    flock(first.number, LOCK.LOCK_EX);
    expect(tryFlock(second.number, LOCK.LOCK_SH)).toBe(false);
    flock(first.number, LOCK.LOCK_UN);
    expect(tryFlock(second.number, LOCK.LOCK_SH)).toBe(true);
    expect(tryFlock(first.number, LOCK.LOCK_SH)).toBe(true);
    second[Symbol.dispose]();
    expect(tryFlock(first.number, LOCK.LOCK_EX)).toBe(true);
  });

  test("refuses a taken lock with EAGAIN and its path, no operation with EINVAL", () => {
    using folder = new TemporaryFolder();
    const path = `${folder.path}/lock`;
    using first = open(path, O.O_RDWR | O.O_CREAT);
    using second = open(path, O.O_RDWR);
    flock(first.number, LOCK.LOCK_EX);
    expect(() => flock(second.number, LOCK.LOCK_EX | LOCK.LOCK_NB, path)).toThrow(
      `flock ${path}: EAGAIN (resource temporarily unavailable)`,
    );
    expect(refusal(() => flock(first.number, 0))).toBe("flock EINVAL");
    expect(refusal(() => tryFlock(99999, LOCK.LOCK_EX))).toBe("flock EBADF");
  });
});

describe("statfs", () => {
  test("names the file system of a path and of an open file", () => {
    expect(statfs("/proc").type).toBe("proc");
    using file = open("/proc/version", O.O_RDONLY);
    expect(fstatfs(file.number).type).toBe("proc");
    const { sizeBytes, availableBytes } = statfs("/");
    expect(sizeBytes).toBeGreaterThanOrEqual(availableBytes);
    expect(fileSystemName(0x12345)).toBe("0x12345");
  });

  test("refuses a missing path with ENOENT, a closed descriptor with EBADF", () => {
    expect(refusal(() => statfs("/missing"))).toBe("statfs ENOENT");
    expect(refusal(() => fstatfs(99999))).toBe("fstatfs EBADF");
  });
});

describe("renameat2", () => {
  test("renames, and swaps two files in one step", () => {
    using folder = new TemporaryFolder();
    writeFileSync(`${folder.path}/a`, "A");
    writeFileSync(`${folder.path}/b`, "B");
    using directory = open(folder.path, O.O_PATH);
    const { number } = directory;
    renameat2(number, "a", number, "b", RENAME_EXCHANGE);
    expect(readFileSync(`${folder.path}/a`, "utf8")).toBe("B");
    renameat2(number, "a", number, "c", RENAME_NOREPLACE);
    expect(readFileSync(`${folder.path}/c`, "utf8")).toBe("B");
  });

  test("refuses to replace with EEXIST where it must not", () => {
    using folder = new TemporaryFolder();
    const [a, b] = [`${folder.path}/a`, `${folder.path}/b`];
    mkdirSync(a);
    mkdirSync(b);
    expect(() => renameat2(AT_FDCWD, a, AT_FDCWD, b, RENAME_NOREPLACE)).toThrow(
      `rename ${a}: EEXIST (file exists) [to ${b}]`,
    );
  });
});
