// What to do about a refused system call. A table: syscall, errno, where, advice; the first row
// that fits is shown. Each row has a test.

interface Hint {
  readonly syscall: string;
  readonly code: string;
  /** Only where the path contains this. */
  readonly pathPart?: string;
  readonly advice: string;
}

/** The rows, for the tests; `hintFor` is the way to ask. Start-up time: made where something fails. */
export const listHints = (): readonly Hint[] => [
  {
    syscall: "unshare",
    code: "EPERM",
    advice:
      "user namespaces may be switched off: see sysctl kernel.unprivileged_userns_clone and user.max_user_namespaces, or run as root",
  },
  {
    syscall: "unshare",
    code: "EINVAL",
    advice:
      "the process performer cannot make user namespaces, which the kernel refuses to a process with several threads: leave --performer process out",
  },
  {
    syscall: "clone",
    code: "EPERM",
    advice: "making namespaces needs root (CAP_SYS_ADMIN): run it with sudo",
  },
  {
    syscall: "clone",
    code: "ENOSPC",
    advice: "a limit of namespaces is reached: see sysctl user.max_*_namespaces",
  },
  {
    syscall: "unshare",
    code: "ENOSPC",
    advice: "a limit of namespaces is reached: see sysctl user.max_*_namespaces",
  },
  {
    syscall: "pivot_root",
    code: "EINVAL",
    advice: "the root may be an initramfs, which pivot_root cannot leave: try --no-pivot",
  },
  {
    syscall: "move_mount",
    code: "ENOSPC",
    advice: "the limit of mounts is reached: see sysctl fs.mount-max",
  },
  {
    syscall: "mount",
    code: "ENOSPC",
    advice: "the limit of mounts is reached: see sysctl fs.mount-max",
  },
  {
    syscall: "write",
    code: "ENOSPC",
    advice: "the disk is full: see df, and what `bunker system df` and `bunker system prune` say",
  },
  {
    syscall: "fsopen",
    code: "ENODEV",
    advice: "this kernel does not have that file system: see /proc/filesystems",
  },
  {
    syscall: "fsconfig",
    code: "ELOOP",
    advice:
      "the upper layer of an overlay must not lie below its lower layer: use a folder on another file system",
  },
  {
    syscall: "fsconfig",
    code: "EINVAL",
    advice: "the kernel's log (dmesg) says which option of the mount it refused",
  },
  {
    syscall: "write",
    code: "EBUSY",
    pathPart: "cgroup",
    advice:
      "cgroup v2 allows no processes in a cgroup that hands controllers to children: choose another --cgroup-parent",
  },
  {
    syscall: "mkdir",
    code: "EROFS",
    pathPart: "cgroup",
    advice: "the cgroup tree is mounted read-only: it is not delegated to this user or container",
  },
  {
    syscall: "mkdir",
    code: "EACCES",
    pathPart: "cgroup",
    advice: "this user may not make cgroups there: run as root, or delegate a subtree",
  },
  {
    syscall: "memfd_create",
    code: "EMFILE",
    advice: "too many files are open: raise the limit (ulimit -n)",
  },
];

/** The advice for a refused call, or undefined. */
export function hintFor(syscall: string, code: string, path?: string): string | undefined {
  return listHints().find(
    (hint) =>
      hint.syscall === syscall &&
      hint.code === code &&
      (hint.pathPart === undefined || (path ?? "").includes(hint.pathPart)),
  )?.advice;
}
