// Calls as a person reads them: what `explain`, `--trace` and error messages show.

import { expect, test } from "bun:test";
import { AddressOf, type Call, Slot, StringArray, Struct } from "../../ffi/call.ts";
import * as calls from "../../ffi/calls.ts";
import { AT_FDCWD, CLONE, MS, O, P_PID, PR, W } from "../../ffi/constants.ts";
import { callDetail, formatCall } from "../../ffi/format-call.ts";

const fd = new Slot("rootfs");

const table: readonly (readonly [Call, string])[] = [
  [
    calls.mount("proc", "/proc", "proc", MS.MS_NOSUID | MS.MS_NODEV, null),
    'mount("proc", "/proc", "proc", MS_NOSUID|MS_NODEV, NULL)',
  ],
  [calls.umount2(".", 2), 'umount2(".", MNT_DETACH)'],
  [calls.openat(AT_FDCWD, "/", O.O_PATH), 'openat(AT_FDCWD, "/", O_CLOEXEC|O_PATH, 0)'],
  [calls.mkdirat(fd, "dev", 0o755), 'mkdirat(<rootfs>, "dev", 0755)'],
  [
    calls.mknodat(fd, "null", 0o020666, calls.makeDevice(1, 3)),
    'mknodat(<rootfs>, "null", S_IFCHR|0666, makedev(1, 3))',
  ],
  [calls.symlinkat("/proc/self/fd", 5, "fd"), 'symlinkat("/proc/self/fd", 5, "fd")'],
  [calls.fsopen("tmpfs", fd), 'fsopen("tmpfs", FSOPEN_CLOEXEC)'],
  [calls.fsconfigCreate(fd), "fsconfig(<rootfs>, FSCONFIG_CMD_CREATE, NULL, NULL, 0)"],
  [calls.fsmount(fd, 1, fd), "fsmount(<rootfs>, FSMOUNT_CLOEXEC, MOUNT_ATTR_RDONLY)"],
  [
    calls.clone(CLONE.CLONE_NEWNS | 17, 1, fd),
    "clone(CLONE_NEWNS|SIGCHLD, NULL, NULL, NULL, NULL)",
  ],
  [calls.clone(17, 1, fd), "clone(SIGCHLD, NULL, NULL, NULL, NULL)"],
  [calls.unshare(CLONE.CLONE_NEWUSER), "unshare(CLONE_NEWUSER)"],
  [calls.prctl(PR.PR_SET_PDEATHSIG, 9), "prctl(PR_SET_PDEATHSIG, SIGKILL)"],
  [calls.prctl(PR.PR_SET_DUMPABLE, 0), "prctl(PR_SET_DUMPABLE, 0)"],
  [calls.prctl(PR.PR_CAPBSET_DROP, 21), "prctl(PR_CAPBSET_DROP, CAP_SYS_ADMIN)"],
  [calls.ambientClear(), "prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL)"],
  [calls.closeRange(3, true), "close_range(3, ~0U, CLOSE_RANGE_CLOEXEC)"],
  [calls.umask(0o22), "umask(022)"],
  [calls.umask(0), "umask(0)"],
  [
    calls.waitid(P_PID, fd, new Slot("info"), W.WEXITED),
    "waitid(P_PID, <rootfs>, &info, WEXITED, NULL)",
  ],
  [calls.joinSessionKeyring("x"), 'keyctl(KEYCTL_JOIN_SESSION_KEYRING, "x")'],
  [{ name: "futex", args: [new AddressOf(fd), 4, 0] }, "futex(&rootfs, FUTEX_CMP_REQUEUE, 0)"],
  [
    { name: "capset", args: [new Struct(new Uint8Array(1), () => "{what it says}")] },
    "capset({what it says})",
  ],
];

test.each(table)("%#: a call reads as strace has it", (call, text) => {
  expect(formatCall(call)).toBe(text);
});

test("of an environment only the names are shown, of arguments everything", () => {
  const env = new StringArray(["SECRET=hunter2", "A=b=c"], true);
  const call = calls.execve("/x", new StringArray(["x", "a b"]), env);
  expect(formatCall(call)).toBe('execve("/x", ["x", "a b"], ["SECRET=…", "A=…"])');
});

test("a long string is cut", () => {
  expect(formatCall(calls.chdir("x".repeat(500)))).toBe(`chdir("${"x".repeat(120)}…")`);
});

test("the detail of an error has flags and structs, no descriptors and no zeros", () => {
  expect(callDetail(calls.openat(AT_FDCWD, "/", O.O_PATH))).toBe("O_CLOEXEC|O_PATH");
  expect(callDetail(calls.fchdir(7))).toBe("");
});
