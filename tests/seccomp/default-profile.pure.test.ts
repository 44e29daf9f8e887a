import { describe, expect, test } from "bun:test";
import { formatAction } from "../../src/seccomp/actions.ts";
import { AUDIT_ARCH, compileProfile } from "../../src/seccomp/compile.ts";
import { defaultProfile, PROFILE_CAPABILITIES } from "../../src/seccomp/default-profile.ts";
import type { FilterHost } from "../../src/seccomp/rules.ts";
import { simulate } from "../../src/seccomp/simulate.ts";
import { syscallName, syscallNumber } from "../../src/seccomp/syscalls.ts";
import { expectLoadable } from "./check-program.ts";

const DEFAULT_CAPABILITIES = [
  "CAP_CHOWN",
  "CAP_DAC_OVERRIDE",
  "CAP_FSETID",
  "CAP_FOWNER",
  "CAP_MKNOD",
  "CAP_NET_RAW",
  "CAP_SETGID",
  "CAP_SETUID",
  "CAP_SETFCAP",
  "CAP_SETPCAP",
  "CAP_NET_BIND_SERVICE",
  "CAP_SYS_CHROOT",
  "CAP_KILL",
  "CAP_AUDIT_WRITE",
];

type Question = (name: string, ...args: (number | bigint)[]) => string;

function ask(arch: keyof typeof AUDIT_ARCH, capabilities: readonly string[]): Question {
  const host: FilterHost = {
    arch: arch === "aarch64" || arch === "arm" ? "aarch64" : "x86_64",
    kernel: [6, 1],
  };
  const { program } = compileProfile(defaultProfile({ ...host, capabilities }), host);
  expectLoadable(program);
  return (name, ...args) => {
    const nr = syscallNumber(arch, name);
    if (nr === undefined) throw new RangeError(`${arch} has no ${name}`);
    return formatAction(simulate(program, { arch: AUDIT_ARCH[arch], nr, args }));
  };
}

describe("with docker's capabilities", () => {
  const answer = ask("x86_64", DEFAULT_CAPABILITIES);
  const CLONE_NEWUSER = 0x1000_0000;
  const THREAD = 0x3d_0f00;

  test.each([
    "read execve openat2 mknod chroot ptrace process_vm_readv futex_wait mseal statmount",
    "landlock_restrict_self memfd_secret seccomp arch_prctl modify_ldt setxattrat uretprobe",
  ])("allows %s", (names) => {
    for (const name of names.split(" ")) expect([name, answer(name)]).toEqual([name, "ALLOW"]);
  });

  test.each([
    "unshare setns mount umount2 move_mount open_tree fsopen fsmount mount_setattr pivot_root",
    "keyctl add_key request_key bpf perf_event_open userfaultfd kexec_load kexec_file_load",
    "io_uring_setup io_uring_enter io_uring_register init_module finit_module delete_module",
    "reboot swapon swapoff acct quotactl sethostname setdomainname iopl ioperm settimeofday",
    "clock_settime open_by_handle_at lookup_dcookie vhangup syslog kcmp pidfd_getfd mbind",
    "move_pages nfsservctl uselib ustat sysfs _sysctl get_kernel_syms query_module create_module",
    "fanotify_init process_madvise set_mempolicy lsm_list_modules",
  ])("refuses with EPERM: %s", (names) => {
    for (const name of names.split(" ")) expect([name, answer(name)]).toEqual([name, "ERRNO(1)"]);
  });

  test("answers ENOSYS to what is newer than it", () => {
    expect(answer("removexattrat")).toBe("ALLOW");
    expect(answer("open_tree_attr")).toBe("ERRNO(38)");
    expect(answer("listns")).toBe("ERRNO(38)");
  });

  test("lets clone make threads and processes, but no namespace", () => {
    expect(answer("clone", THREAD)).toBe("ALLOW");
    expect(answer("clone", 17)).toBe("ALLOW");
    for (const flag of [0x2_0000, 0x200_0000, 0x400_0000, 0x800_0000, 0x2000_0000, 0x4000_0000]) {
      expect([flag, answer("clone", 17 + flag)]).toEqual([flag, "ERRNO(1)"]);
    }
    expect(answer("clone", CLONE_NEWUSER)).toBe("ERRNO(1)");
  });

  test("sends clone3 back to clone, as its flags cannot be seen", () => {
    expect(answer("clone3")).toBe("ERRNO(38)");
  });

  test("refuses sockets of AF_ALG and AF_VSOCK only", () => {
    const families = Array.from({ length: 50 }, (_, family) => family);
    const refused = families.filter((family) => answer("socket", family) !== "ALLOW");
    expect(refused).toEqual([38, 40]);
  });

  test("allows the five known personalities only", () => {
    for (const value of [0, 8, 0x20000, 0x20008, 0xffff_ffff]) {
      expect(answer("personality", value)).toBe("ALLOW");
    }
    // ADDR_NO_RANDOMIZE and READ_IMPLIES_EXEC, which exploits like.
    for (const value of [0x40000, 0x400000, 0xffff_ffff_ffff_ffffn]) {
      expect(answer("personality", value)).toBe("ERRNO(1)");
    }
  });
});

test.each([
  ["CAP_SYS_ADMIN", "unshare setns mount umount2 bpf clone3 fsopen sethostname syslog quotactl"],
  ["CAP_SYS_CHROOT", "chroot"],
  ["CAP_SYS_BOOT", "reboot"],
  ["CAP_SYS_MODULE", "init_module finit_module delete_module"],
  ["CAP_SYS_PACCT", "acct"],
  ["CAP_SYS_PTRACE", "kcmp pidfd_getfd process_madvise"],
  ["CAP_SYS_RAWIO", "iopl ioperm"],
  ["CAP_SYS_TIME", "settimeofday clock_settime"],
  ["CAP_SYS_TTY_CONFIG", "vhangup"],
  ["CAP_SYS_NICE", "mbind get_mempolicy set_mempolicy set_mempolicy_home_node"],
  ["CAP_SYSLOG", "syslog"],
  ["CAP_BPF", "bpf"],
  ["CAP_PERFMON", "perf_event_open"],
  ["CAP_DAC_READ_SEARCH", "open_by_handle_at"],
])("%s allows %s", (capability, names) => {
  const without = ask("x86_64", []);
  const answer = ask("x86_64", [capability]);
  for (const name of names.split(" ")) {
    expect([name, without(name) === "ALLOW", answer(name)]).toEqual([name, false, "ALLOW"]);
  }
});

test("CAP_SYS_ADMIN may make namespaces", () => {
  const answer = ask("x86_64", ["CAP_SYS_ADMIN"]);
  expect(answer("clone", 0x1000_0000)).toBe("ALLOW");
});

test("the 32-bit architectures are filtered as well", () => {
  const x86 = ask("x86", []);
  expect(x86("socketcall", 1)).toBe("ALLOW");
  expect(x86("waitpid")).toBe("ALLOW");
  expect(x86("clock_settime64")).toBe("ERRNO(1)");
  expect(x86("unshare")).toBe("ERRNO(1)");
  const arm = ask("arm", []);
  expect(arm("set_tls")).toBe("ALLOW");
  expect(arm("get_tls")).toBe("ERRNO(38)");
  expect(arm("keyctl")).toBe("ERRNO(1)");
});

test("tracing is left to kernels that filter behind ptrace", () => {
  const namesAt = (kernel: readonly [number, number]) =>
    defaultProfile({ arch: "x86_64", kernel, capabilities: [] }).syscalls?.flatMap(
      (rule) => rule.names,
    );
  expect(namesAt([4, 7])).not.toContain("ptrace");
  expect(namesAt([4, 8])).toContain("ptrace");
});

test("no name is written twice among those that are always allowed, and each is known", () => {
  const { syscalls = [] } = defaultProfile({ arch: "aarch64", kernel: [6, 1], capabilities: [] });
  const names = syscalls.filter((rule) => rule.args === undefined).flatMap((rule) => rule.names);
  expect(new Set(names).size).toBe(names.length);
  const arches = ["x86_64", "x86", "aarch64", "arm"] as const;
  const unknown = names.filter((name) =>
    arches.every((arch) => syscallNumber(arch, name) === undefined),
  );
  expect(unknown).toEqual(["riscv_hwprobe", "sync_file_range2"]);
});

// Counted with moby's own default.json, resolved for the same capabilities, as of 2026.
test.each([
  ["x86_64", DEFAULT_CAPABILITIES, 371],
  ["x86_64", [], 370],
  ["x86_64", [...PROFILE_CAPABILITIES], 415],
  ["aarch64", DEFAULT_CAPABILITIES, 375],
  ["aarch64", [...PROFILE_CAPABILITIES], 419],
] as const)("%s names as many calls as moby's profile (%#)", (arch, capabilities, count) => {
  const { syscalls = [] } = defaultProfile({ arch, kernel: [6, 1], capabilities });
  expect(new Set(syscalls.flatMap((rule) => rule.names)).size).toBe(count);
});

test("the calls of x86-64 that it refuses outright are these", () => {
  const answer = ask("x86_64", DEFAULT_CAPABILITIES);
  const refused: string[] = [];
  for (let nr = 0; nr <= 466; nr++) {
    const name = syscallName("x86_64", nr);
    if (name !== undefined && answer(name) === "ERRNO(1)") refused.push(name);
  }
  const expected = [
    "syslog uselib ustat sysfs vhangup pivot_root _sysctl acct settimeofday mount umount2",
    "swapon swapoff reboot sethostname setdomainname iopl ioperm create_module",
    "init_module delete_module get_kernel_syms query_module quotactl nfsservctl getpmsg",
    "putpmsg afs_syscall tuxcall security lookup_dcookie clock_settime vserver mbind",
    "set_mempolicy get_mempolicy kexec_load add_key request_key keyctl migrate_pages",
    "unshare move_pages perf_event_open fanotify_init open_by_handle_at setns kcmp",
    "finit_module kexec_file_load bpf userfaultfd uprobe io_uring_setup io_uring_enter",
    "io_uring_register open_tree move_mount fsopen fsconfig fsmount fspick pidfd_getfd",
    "process_madvise mount_setattr quotactl_fd set_mempolicy_home_node lsm_get_self_attr",
    "lsm_set_self_attr lsm_list_modules",
  ];
  expect(refused.join(" ")).toBe(expected.join(" "));
});
