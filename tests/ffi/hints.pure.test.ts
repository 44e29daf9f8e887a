import { describe, expect, test } from "bun:test";
import { hintFor, listHints } from "../../ffi/hints.ts";
import { SyscallError } from "../../ffi/syscall-error.ts";

// syscall, errno, the words that the advice must have, and a path as it would be.
const ROWS: readonly (readonly [string, string, string, string | undefined])[] = [
  ["unshare", "EPERM", "kernel.unprivileged_userns_clone", undefined],
  ["unshare", "EINVAL", "--performer process", undefined],
  ["clone", "EPERM", "sudo", undefined],
  ["clone", "ENOSPC", "user.max_*_namespaces", undefined],
  ["unshare", "ENOSPC", "user.max_*_namespaces", undefined],
  ["pivot_root", "EINVAL", "--no-pivot", "/rootfs"],
  ["move_mount", "ENOSPC", "fs.mount-max", "/proc"],
  ["mount", "ENOSPC", "fs.mount-max", "/proc"],
  ["write", "ENOSPC", "bunker system df", "/var/lib/bunker/x"],
  ["fsopen", "ENODEV", "/proc/filesystems", "overlay"],
  ["fsconfig", "ELOOP", "another file system", undefined],
  ["fsconfig", "EINVAL", "dmesg", undefined],
  ["write", "EBUSY", "--cgroup-parent", "/sys/fs/cgroup/a/cgroup.procs"],
  ["mkdir", "EROFS", "not delegated", "/sys/fs/cgroup/a"],
  ["mkdir", "EACCES", "delegate a subtree", "/sys/fs/cgroup/a"],
  ["memfd_create", "EMFILE", "ulimit -n", undefined],
];

describe("hints", () => {
  test.each(ROWS)("%s %s is answered with %s", (syscall, code, words, path) => {
    expect(hintFor(syscall, code, path)).toContain(words);
  });

  test("every row of the table has a row here", () => {
    const tested = ROWS.map(([syscall, code]) => `${syscall} ${code}`).sort();
    expect(
      listHints()
        .map(({ syscall, code }) => `${syscall} ${code}`)
        .sort(),
    ).toEqual(tested);
  });

  test("advice about cgroups is not given for other paths", () => {
    expect(hintFor("mkdir", "EROFS", "/etc/x")).toBeUndefined();
    expect(hintFor("write", "EBUSY")).toBeUndefined();
  });

  test("a SyscallError carries its hint", () => {
    const error = new SyscallError("memfd_create", 24);
    expect(error.message).toBe("memfd_create: EMFILE (too many open files)");
    expect(error.hint).toBe("too many files are open: raise the limit (ulimit -n)");
  });
});
