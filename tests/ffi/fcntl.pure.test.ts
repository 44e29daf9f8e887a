import { describe, expect, test } from "bun:test";
import { symlinkSync, writeFileSync } from "node:fs";
import { AT_FDCWD, F_SEAL, MFD, O, RESOLVE } from "../../ffi/constants.ts";
import * as fcntlH from "../../ffi/fcntl.ts";
import { memfd_create } from "../../ffi/mman.ts";
import { read, write } from "../../ffi/unistd.ts";
import { refusal } from "./child.ts";
import { TemporaryFolder } from "./folder.ts";

const { F, FD_CLOEXEC, open, openat, openat2, fcntl } = fcntlH;
const textOf = (fd: number) => {
  const buffer = new Uint8Array(100);
  return new TextDecoder().decode(buffer.subarray(0, read(fd, buffer)));
};

describe("open", () => {
  test("makes a file that can be written, read below its folder, and that exec closes", () => {
    using folder = new TemporaryFolder();
    using made = open(`${folder.path}/file`, O.O_WRONLY | O.O_CREAT | O.O_EXCL, 0o600);
    expect(write(made.number, new TextEncoder().encode("text"))).toBe(4);
    using directory = open(folder.path, O.O_PATH | O.O_DIRECTORY);
    using again = openat(directory.number, "file", O.O_RDONLY);
    expect(textOf(again.number)).toBe("text");
    expect(fcntl(again.number, F.F_GETFD)).toBe(FD_CLOEXEC);
  });

  test("refuses a missing file with ENOENT and names path and flags", () => {
    const attempt = () => open("/missing/file", O.O_RDWR);
    expect(refusal(attempt)).toBe("open ENOENT");
    expect(attempt).toThrow(
      "open /missing/file: ENOENT (no such file or directory) [O_RDWR|O_CLOEXEC]",
    );
  });
});

describe("openat2", () => {
  test("stays inside the root that RESOLVE_IN_ROOT makes of the folder", () => {
    using folder = new TemporaryFolder();
    writeFileSync(`${folder.path}/inside`, "inside");
    symlinkSync("/../inside", `${folder.path}/link`);
    using directory = open(folder.path, O.O_PATH | O.O_DIRECTORY);
    const how = { flags: O.O_RDONLY, resolve: RESOLVE.RESOLVE_IN_ROOT };
    using file = openat2(directory.number, "link", how);
    expect(textOf(file.number)).toBe("inside");
  });

  test("refuses a way out of RESOLVE_BENEATH with EXDEV, a forbidden link with ELOOP", () => {
    using folder = new TemporaryFolder();
    symlinkSync("target", `${folder.path}/link`);
    using directory = open(folder.path, O.O_PATH | O.O_DIRECTORY);
    const attempt = (path: string, resolve: number) =>
      refusal(() => openat2(directory.number, path, { flags: O.O_RDONLY, resolve }));
    expect(attempt("../etc", RESOLVE.RESOLVE_BENEATH)).toBe("openat2 EXDEV");
    expect(attempt("link", RESOLVE.RESOLVE_NO_SYMLINKS)).toBe("openat2 ELOOP");
    expect(refusal(() => openat2(AT_FDCWD, "/", { flags: 0, mode: 1 }))).toBe("openat2 EINVAL");
  });
});

describe("fcntl", () => {
  test("setCloseOnExec says whether an exec closes the file", () => {
    using file = open("/dev/null", O.O_RDONLY);
    fcntlH.setCloseOnExec(file.number, false);
    expect(fcntl(file.number, F.F_GETFD)).toBe(0);
    fcntlH.setCloseOnExec(file.number, true);
    expect(fcntl(file.number, F.F_GETFD)).toBe(FD_CLOEXEC);
  });

  test("duplicate gives another descriptor of the same open file", () => {
    using file = open("/etc/passwd", O.O_RDONLY);
    using other = fcntlH.duplicate(file.number);
    expect(other.number).not.toBe(file.number);
    expect(textOf(file.number)).not.toBe(textOf(other.number));
  });

  test("refuses a descriptor that is not open with EBADF", () => {
    expect(refusal(() => fcntl(99999, F.F_GETFD))).toBe("fcntl EBADF");
  });

  test("addSeals forbids writing for good", () => {
    using file = memfd_create("sealed", MFD.MFD_CLOEXEC | MFD.MFD_ALLOW_SEALING);
    fcntlH.addSeals(file.number, F_SEAL.F_SEAL_WRITE | F_SEAL.F_SEAL_SEAL);
    expect(fcntlH.getSeals(file.number)).toBe(F_SEAL.F_SEAL_WRITE | F_SEAL.F_SEAL_SEAL);
    expect(refusal(() => write(file.number, new Uint8Array(1)))).toBe("write EPERM");
    expect(refusal(() => fcntlH.addSeals(file.number, F_SEAL.F_SEAL_GROW))).toBe("fcntl EPERM");
  });

  test("getSeals refuses a file that can have none with EINVAL", () => {
    using file = open("/proc/version", O.O_RDONLY);
    expect(refusal(() => fcntlH.getSeals(file.number))).toBe("fcntl EINVAL");
  });
});
