import { describe, expect, test } from "bun:test";
import { chownSync, statSync, symlinkSync, writeFileSync } from "node:fs";
import { AT, AT_FDCWD, O, S } from "../../ffi/constants.ts";
import { open } from "../../ffi/fcntl.ts";
import * as stat from "../../ffi/stat.ts";
import { inChild, refusal } from "./child.ts";
import { TemporaryFolder } from "./folder.ts";

const uid = process.getuid?.() ?? 0;
const gid = process.getgid?.() ?? 0;

describe("mkdirat and mknodat", () => {
  test("make a folder and a named pipe", () => {
    using folder = new TemporaryFolder();
    stat.mkdirat(AT_FDCWD, `${folder.path}/sub`, 0o700);
    stat.mknodat(AT_FDCWD, `${folder.path}/sub/pipe`, S.S_IFIFO | 0o600, 0);
    expect(statSync(`${folder.path}/sub/pipe`).isFIFO()).toBe(true);
  });

  test("refuse what is there already with EEXIST", () => {
    expect(refusal(() => stat.mkdirat(AT_FDCWD, "/", 0o700))).toBe("mkdir EEXIST");
    const pipe = () => stat.mknodat(AT_FDCWD, "/etc", S.S_IFIFO, 0);
    expect(refusal(pipe)).toBe("mknod EEXIST");
    expect(pipe).toThrow("mknod /etc: EEXIST (file exists) [010000]");
  });
});

describe("modes, owners and times", () => {
  test("fchmodat and fchmod set the mode", () => {
    using folder = new TemporaryFolder();
    const path = `${folder.path}/file`;
    writeFileSync(path, "");
    stat.fchmodat(AT_FDCWD, path, 0o640);
    expect(statSync(path).mode & 0o7777).toBe(0o640);
    using file = open(path, O.O_RDONLY);
    stat.fchmod(file.number, 0o604);
    expect(statSync(path).mode & 0o7777).toBe(0o604);
  });

  test("fchownat, fchown and utimensat take what is allowed to anybody", () => {
    using folder = new TemporaryFolder();
    const path = `${folder.path}/link`;
    symlinkSync("nowhere", path);
    stat.fchownat(AT_FDCWD, path, uid, gid, AT.AT_SYMLINK_NOFOLLOW);
    using directory = open(folder.path, O.O_RDONLY | O.O_DIRECTORY);
    stat.fchown(directory.number, uid, gid);
    const time = { seconds: 1_000_000_000, nanoseconds: 123_456_789 };
    stat.utimensat(AT_FDCWD, path, time, time);
    const status = stat.statx(AT_FDCWD, path, AT.AT_SYMLINK_NOFOLLOW);
    expect(status).toMatchObject({ uid, gid, modified: time });
    expect(status.mode & S.S_IFLNK).toBe(S.S_IFLNK);
  });

  test("refuse missing files with ENOENT and closed descriptors with EBADF", () => {
    const missing = "/missing/file";
    const time = { seconds: 0, nanoseconds: 0 };
    expect(refusal(() => stat.fchmodat(AT_FDCWD, missing, 0))).toBe("chmod ENOENT");
    expect(refusal(() => stat.fchownat(AT_FDCWD, missing, 0, 0, 0))).toBe("chown ENOENT");
    expect(refusal(() => stat.utimensat(AT_FDCWD, missing, time, time))).toBe("utimensat ENOENT");
    expect(refusal(() => stat.fchmod(99999, 0))).toBe("fchmod EBADF");
    expect(refusal(() => stat.fchown(99999, 0, 0))).toBe("fchown EBADF");
  });
});

describe("umask", () => {
  test("gives the mask from before, and the new one counts", () => {
    expect(inChild("processes", "umask")).toEqual([0o27, "750"]);
  });
});

describe("statx", () => {
  test("tells what stat tells", () => {
    using folder = new TemporaryFolder();
    const path = `${folder.path}/file`;
    writeFileSync(path, "12345");
    chownSync(path, uid, gid);
    const expected = statSync(path, { bigint: true });
    expect(stat.statx(AT_FDCWD, path, 0)).toMatchObject({
      mode: Number(expected.mode),
      inode: expected.ino,
      linkCount: 1,
      sizeBytes: 5,
      isMountRoot: false,
    });
  });

  test("tells a device node's numbers, and that /proc is a mount", () => {
    expect(stat.statx(AT_FDCWD, "/dev/null", 0).device).toEqual([1, 3]);
    expect(stat.statx(AT_FDCWD, "/proc", 0).isMountRoot).toBe(true);
  });

  test("refuses a missing file with ENOENT", () => {
    expect(refusal(() => stat.statx(AT_FDCWD, "/missing", 0))).toBe("statx ENOENT");
  });
});
