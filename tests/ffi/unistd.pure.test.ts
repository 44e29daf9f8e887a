import { describe, expect, test } from "bun:test";
import { existsSync, mkdirSync, statSync, writeFileSync } from "node:fs";
import { AT_FDCWD, O } from "../../ffi/constants.ts";
import { F, fcntl, open } from "../../ffi/fcntl.ts";
import * as unistd from "../../ffi/unistd.ts";
import { inChild, refusal } from "./child.ts";
import { TemporaryFolder } from "./folder.ts";

describe("pipes and descriptors", () => {
  test("what is written into a pipe can be read, then its end", () => {
    const pipe = unistd.pipe2(O.O_CLOEXEC);
    using readEnd = pipe.read;
    using writeEnd = pipe.write;
    unistd.write(writeEnd.number, new Uint8Array([1, 2, 3]));
    writeEnd[Symbol.dispose]();
    const buffer = new Uint8Array(10);
    expect(unistd.read(readEnd.number, buffer)).toBe(3);
    expect([...buffer.subarray(0, 4)]).toEqual([1, 2, 3, 0]);
    expect(unistd.read(readEnd.number, buffer)).toBe(0);
  });

  test("pipe2 refuses unknown flags with EINVAL", () => {
    expect(refusal(() => unistd.pipe2(1))).toBe("pipe2 EINVAL");
  });

  test("read and write refuse the wrong end with EBADF, and write names the path it is given", () => {
    const pipe = unistd.pipe2(O.O_CLOEXEC);
    using readEnd = pipe.read;
    using writeEnd = pipe.write;
    expect(refusal(() => unistd.read(writeEnd.number, new Uint8Array(1)))).toBe("read EBADF");
    const attempt = () => unistd.write(readEnd.number, new Uint8Array(1), "/the/path");
    expect(attempt).toThrow("write /the/path: EBADF (bad file descriptor)");
  });

  test("dup3 makes another name, close ends it", () => {
    using file = open("/dev/null", O.O_RDONLY);
    unistd.dup3(file.number, 700, O.O_CLOEXEC);
    expect(fcntl(700, F.F_GETFD)).toBe(1);
    unistd.close(700);
    expect(refusal(() => unistd.close(700))).toBe("close EBADF");
    expect(refusal(() => unistd.dup3(file.number, file.number, 0))).toBe("dup3 EINVAL");
  });

  test("fsync takes a file and refuses a pipe with EINVAL", () => {
    using folder = new TemporaryFolder();
    using file = open(`${folder.path}/file`, O.O_WRONLY | O.O_CREAT);
    unistd.fsync(file.number);
    const pipe = unistd.pipe2(O.O_CLOEXEC);
    using readEnd = pipe.read;
    using _writeEnd = pipe.write;
    expect(refusal(() => unistd.fsync(readEnd.number))).toBe("fsync EINVAL");
  });

  test("ftruncate sets a file's length, and refuses one that is open for reading with EINVAL", () => {
    using folder = new TemporaryFolder();
    using file = open(`${folder.path}/file`, O.O_WRONLY | O.O_CREAT);
    unistd.ftruncate(file.number, 2 ** 33);
    expect(statSync(`${folder.path}/file`).size).toBe(2 ** 33);
    using readOnly = open(`${folder.path}/file`, O.O_RDONLY);
    expect(refusal(() => unistd.ftruncate(readOnly.number, 1))).toBe("ftruncate EINVAL");
  });

  test("close_range closes a range and refuses one that runs backwards with EINVAL", () => {
    expect(inChild("processes", "close_range")).toEqual(["fcntl EBADF", "close_range EINVAL"]);
  });
});

describe("links and folders", () => {
  test("symlinkat makes what readlinkat reads and unlinkat removes", () => {
    using folder = new TemporaryFolder();
    const path = `${folder.path}/link`;
    unistd.symlinkat("ünder/target", AT_FDCWD, path);
    expect(unistd.readlinkat(AT_FDCWD, path)).toBe("ünder/target");
    unistd.unlinkat(AT_FDCWD, path, 0);
    expect(refusal(() => unistd.unlinkat(AT_FDCWD, path, 0))).toBe("unlinkat ENOENT");
  });

  test("symlinkat refuses an existing path with EEXIST, readlinkat a folder with EINVAL", () => {
    expect(refusal(() => unistd.symlinkat("x", AT_FDCWD, "/etc"))).toBe("symlinkat EEXIST");
    expect(refusal(() => unistd.readlinkat(AT_FDCWD, "/etc"))).toBe("readlinkat EINVAL");
  });

  test("rmdir removes an empty folder and refuses a full one with ENOTEMPTY", () => {
    using folder = new TemporaryFolder();
    mkdirSync(`${folder.path}/full`);
    writeFileSync(`${folder.path}/full/file`, "");
    expect(refusal(() => unistd.rmdir(`${folder.path}/full`))).toBe("rmdir ENOTEMPTY");
    mkdirSync(`${folder.path}/empty`);
    unistd.rmdir(`${folder.path}/empty`);
    expect(existsSync(`${folder.path}/empty`)).toBe(false);
  });

  test("chdir and fchdir change the working folder", () => {
    expect(inChild("processes", "chdir")).toEqual(["/proc", "/"]);
  });

  test("chdir, fchdir and chroot refuse what is no folder with ENOTDIR", () => {
    using file = open("/etc/passwd", O.O_RDONLY);
    expect(refusal(() => unistd.chdir("/etc/passwd"))).toBe("chdir ENOTDIR");
    expect(refusal(() => unistd.fchdir(file.number))).toBe("fchdir ENOTDIR");
    expect(refusal(() => unistd.chroot("/etc/passwd"))).toBe("chroot ENOTDIR");
  });
});

describe("processes", () => {
  test("getpid and getppid are what the engine says", () => {
    expect(unistd.getpid()).toBe(process.pid);
    expect(unistd.getppid()).toBe(process.ppid);
  });

  test("setsid makes a leader, whose second attempt is refused with EPERM", () => {
    expect(inChild("processes", "setsid")).toEqual([true, "setsid EPERM"]);
  });

  test("getsid refuses a missing process with ESRCH", () => {
    expect(unistd.getsid(0)).toBeGreaterThanOrEqual(0);
    expect(refusal(() => unistd.getsid(2 ** 22 + 1))).toBe("getsid ESRCH");
  });

  test("execve replaces the process: arguments and environment arrive, SIGPIPE is not ignored", () => {
    expect(inChild("processes", "execve")).toEqual(["one", "two words", "value", "0".repeat(16)]);
  });

  test("execve refuses a missing program with ENOENT and a folder with EACCES", () => {
    expect(refusal(() => unistd.execve("/missing", ["x"], []))).toBe("execve ENOENT");
    expect(refusal(() => unistd.execve("/etc", ["x"], []))).toBe("execve EACCES");
  });

  test("_exit ends the process with its status and runs nothing more", () => {
    const script = new URL("fixtures/processes.ts", import.meta.url).pathname;
    const child = Bun.spawnSync([process.execPath, script, "_exit"]);
    expect([child.exitCode, child.stdout.toString()]).toEqual([42, ""]);
  });
});
