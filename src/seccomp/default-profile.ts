// The profile that a container gets unless it asks for another: docker's (moby/profiles,
// seccomp/default.json, as of 2026), grouped here by what the calls are for.
//
// It names what is allowed; all else is EPERM, and ENOSYS if it is newer than the profile. What is
// missing is missing on purpose: new user namespaces, keyrings, kernel modules, swap, clocks, raw
// I/O ports, userfaultfd, io_uring, bpf … Some of it comes back with the capability that the kernel
// wants for it anyway.
import type { LinuxSeccomp, LinuxSeccompArg, LinuxSyscall } from "../oci/seccomp-types.ts";
import type { FilterHost } from "./rules.ts";

const PROCESSES = `
  fork vfork execve execveat exit exit_group wait4 waitid waitpid kill tkill tgkill getpid getppid
  gettid getpgid getpgrp setpgid getsid setsid prctl prlimit64 getrlimit setrlimit ugetrlimit
  getrusage getpriority setpriority ioprio_get ioprio_set set_tid_address set_robust_list
  get_robust_list rseq restart_syscall pidfd_open pidfd_send_signal process_mrelease membarrier
  get_thread_area set_thread_area uretprobe riscv_hwprobe
  sched_yield sched_getaffinity sched_setaffinity sched_getattr sched_setattr sched_getparam
  sched_setparam sched_getscheduler sched_setscheduler sched_get_priority_max
  sched_get_priority_min sched_rr_get_interval sched_rr_get_interval_time64`;

const IDENTITY = `
  getuid getuid32 geteuid geteuid32 getgid getgid32 getegid getegid32 getresuid getresuid32
  getresgid getresgid32 getgroups getgroups32 setuid setuid32 setgid setgid32 setreuid setreuid32
  setregid setregid32 setresuid setresuid32 setresgid setresgid32 setfsuid setfsuid32 setfsgid
  setfsgid32 setgroups setgroups32 capget capset seccomp
  landlock_create_ruleset landlock_add_rule landlock_restrict_self`;

const SIGNALS = `
  rt_sigaction rt_sigpending rt_sigprocmask rt_sigqueueinfo rt_tgsigqueueinfo rt_sigreturn
  rt_sigsuspend rt_sigtimedwait rt_sigtimedwait_time64 sigaltstack sigprocmask sigreturn pause
  signalfd signalfd4`;

const MEMORY = `
  brk mmap mmap2 munmap mremap mprotect msync madvise mincore mlock mlock2 mlockall munlock
  munlockall mseal remap_file_pages map_shadow_stack memfd_create memfd_secret cachestat
  pkey_alloc pkey_free pkey_mprotect`;

const TIME = `
  time gettimeofday times nanosleep alarm getitimer setitimer adjtimex clock_adjtime
  clock_adjtime64 clock_getres clock_getres_time64 clock_gettime clock_gettime64 clock_nanosleep
  clock_nanosleep_time64 timer_create timer_delete timer_getoverrun timer_gettime timer_gettime64
  timer_settime timer_settime64 timerfd_create timerfd_gettime timerfd_gettime64 timerfd_settime
  timerfd_settime64`;

const FILES = `
  open openat openat2 creat close close_range read readv pread64 preadv preadv2 write writev
  pwrite64 pwritev pwritev2 lseek _llseek sendfile sendfile64 splice tee vmsplice copy_file_range
  dup dup2 dup3 fcntl fcntl64 ioctl flock readahead fadvise64 fadvise64_64 fallocate ftruncate
  ftruncate64 truncate truncate64 fsync fdatasync sync syncfs sync_file_range pipe pipe2
  name_to_handle_at`;

const PATHS = `
  access faccessat faccessat2 chdir fchdir getcwd chmod fchmod fchmodat fchmodat2 chown chown32
  fchown fchown32 fchownat lchown lchown32 umask stat stat64 lstat lstat64 fstat fstat64 fstatat64
  newfstatat statx statfs statfs64 fstatfs fstatfs64 statmount listmount link linkat symlink
  symlinkat readlink readlinkat unlink unlinkat rename renameat renameat2 mkdir mkdirat rmdir mknod
  mknodat getdents getdents64 utime utimes futimesat utimensat utimensat_time64
  getxattr lgetxattr fgetxattr getxattrat setxattr lsetxattr fsetxattr setxattrat listxattr
  llistxattr flistxattr listxattrat removexattr lremovexattr fremovexattr removexattrat
  inotify_init inotify_init1 inotify_add_watch inotify_rm_watch fanotify_mark`;

const WAITING = `
  select _newselect pselect6 pselect6_time64 poll ppoll ppoll_time64 epoll_create epoll_create1
  epoll_ctl epoll_ctl_old epoll_wait epoll_wait_old epoll_pwait epoll_pwait2 eventfd eventfd2
  futex futex_time64 futex_waitv futex_wait futex_wake futex_requeue
  io_setup io_destroy io_submit io_cancel io_getevents io_pgetevents io_pgetevents_time64`;

const NETWORK = `
  socketpair bind connect listen accept accept4 shutdown getsockname getpeername getsockopt
  setsockopt send sendto sendmsg sendmmsg recv recvfrom recvmsg recvmmsg recvmmsg_time64 socketcall`;

const EXCHANGE = `
  ipc semget semop semctl semtimedop semtimedop_time64 msgget msgsnd msgrcv msgctl shmget shmat
  shmdt shmctl mq_open mq_unlink mq_getsetattr mq_notify mq_timedsend mq_timedsend_time64
  mq_timedreceive mq_timedreceive_time64`;

const MACHINE = "getcpu getrandom sysinfo uname";

/** Calls of one architecture only. */
const OF_ARCH = {
  x86_64: "arch_prctl modify_ldt",
  aarch64: "arm_fadvise64_64 arm_sync_file_range sync_file_range2 breakpoint cacheflush set_tls",
};

/** What the tracing of other processes needs; safe since seccomp applies behind ptrace, too. */
const TRACING = "process_vm_readv process_vm_writev ptrace";
const TRACING_SINCE = [4, 8] as const;

/** What a capability brings. */
const BY_CAPABILITY: { readonly [capability: string]: string } = {
  CAP_DAC_READ_SEARCH: "open_by_handle_at",
  CAP_SYS_ADMIN: `
    bpf clone clone3 fanotify_init fsconfig fsmount fsopen fspick lookup_dcookie lsm_get_self_attr
    lsm_list_modules lsm_set_self_attr mount mount_setattr move_mount open_tree perf_event_open
    quotactl quotactl_fd setdomainname sethostname setns syslog umount umount2 unshare`,
  CAP_SYS_BOOT: "reboot",
  CAP_SYS_CHROOT: "chroot",
  CAP_SYS_MODULE: "delete_module init_module finit_module",
  CAP_SYS_PACCT: "acct",
  CAP_SYS_PTRACE: "kcmp pidfd_getfd process_madvise process_vm_readv process_vm_writev ptrace",
  CAP_SYS_RAWIO: "iopl ioperm",
  CAP_SYS_TIME: "settimeofday stime clock_settime clock_settime64",
  CAP_SYS_TTY_CONFIG: "vhangup",
  CAP_SYS_NICE: "get_mempolicy mbind set_mempolicy set_mempolicy_home_node",
  CAP_SYSLOG: "syslog",
  CAP_BPF: "bpf",
  CAP_PERFMON: "perf_event_open",
};

/** The capabilities that change the profile. */
export const PROFILE_CAPABILITIES: readonly string[] = Object.keys(BY_CAPABILITY);

/** Security: AF_ALG (38) and AF_VSOCK (40), which lead out of the network namespace. */
const SOCKET_FAMILIES: readonly LinuxSeccompArg[] = [
  { index: 0, value: 38, op: "SCMP_CMP_LT" },
  { index: 0, value: 39, op: "SCMP_CMP_EQ" },
  { index: 0, value: 40, op: "SCMP_CMP_GT" },
];

/** PER_LINUX, PER_LINUX32, both with UNAME26, and the question for the current one. */
const PERSONALITIES = [0x0, 0x8, 0x20000, 0x20008, 0xffff_ffff];

/** CLONE_NEWNS, NEWCGROUP, NEWUTS, NEWIPC, NEWUSER, NEWPID and NEWNET. */
const NAMESPACE_FLAGS = 0x7e02_0000;

const ENOSYS = 38;

/**
 * docker's default profile for a container with these capabilities (of the bounding set), without
 * conditions on them: what docker would write into its config.json.
 */
export function defaultProfile(
  options: FilterHost & { readonly capabilities: readonly string[] },
): LinuxSeccomp {
  return {
    defaultAction: "SCMP_ACT_ERRNO",
    defaultErrnoRet: 1,
    architectures:
      options.arch === "x86_64"
        ? ["SCMP_ARCH_X86_64", "SCMP_ARCH_X86", "SCMP_ARCH_X32"]
        : ["SCMP_ARCH_AARCH64", "SCMP_ARCH_ARM"],
    syscalls: [
      ...[PROCESSES, IDENTITY, SIGNALS, MEMORY, TIME].map(allow),
      ...[FILES, PATHS, WAITING, NETWORK, EXCHANGE, MACHINE, OF_ARCH[options.arch]].map(allow),
      ...(hasTracing(options.kernel) ? [allow(TRACING)] : []),
      ...SOCKET_FAMILIES.map((family) => allowIf("socket", family)),
      ...PERSONALITIES.map((value) =>
        allowIf("personality", { index: 0, value, op: "SCMP_CMP_EQ" }),
      ),
      ...forCapabilities(options.capabilities),
    ],
  };
}

function hasTracing([major, minor]: readonly [number, number]): boolean {
  return major > TRACING_SINCE[0] || (major === TRACING_SINCE[0] && minor >= TRACING_SINCE[1]);
}

function forCapabilities(capabilities: readonly string[]): readonly LinuxSyscall[] {
  const rules = PROFILE_CAPABILITIES.filter((capability) => capabilities.includes(capability)).map(
    (capability) => allow(BY_CAPABILITY[capability] ?? ""),
  );
  if (capabilities.includes("CAP_SYS_ADMIN")) return rules;
  return [
    ...rules,
    // Without the right to make namespaces, clone may make processes and threads only.
    allowIf("clone", { index: 0, value: NAMESPACE_FLAGS, op: "SCMP_CMP_MASKED_EQ" }),
    // Its flags lie in memory, where no filter can look: ENOSYS sends the C library to clone.
    { names: ["clone3"], action: "SCMP_ACT_ERRNO", errnoRet: ENOSYS },
  ];
}

function allow(names: string): LinuxSyscall {
  return {
    names: names.replaceAll("\n", " ").split(" ").filter(Boolean),
    action: "SCMP_ACT_ALLOW",
  };
}

function allowIf(name: string, condition: LinuxSeccompArg): LinuxSyscall {
  return { names: [name], action: "SCMP_ACT_ALLOW", args: [condition] };
}
