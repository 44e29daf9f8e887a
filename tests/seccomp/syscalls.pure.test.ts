import { expect, test } from "bun:test";
import { existsSync, readFileSync } from "node:fs";
import { type SyscallArch, syscallName, syscallNumber } from "../../src/seccomp/syscalls.ts";

const X32 = 0x4000_0000;

test.each<[SyscallArch, string, number | undefined]>([
  ["x86_64", "read", 0],
  ["x86_64", "execve", 59],
  ["x86_64", "uretprobe", 335],
  ["x86_64", "pidfd_send_signal", 424],
  ["x86_64", "waitpid", undefined],
  ["x86", "restart_syscall", 0],
  ["x86", "waitpid", 7],
  ["x86", "clock_gettime64", 403],
  ["x86", "recv", undefined],
  ["x32", "read", X32],
  ["x32", "execve", X32 + 520],
  ["x32", "uselib", undefined],
  ["x32", "mseal", X32 + 462],
  ["aarch64", "io_setup", 0],
  ["aarch64", "execve", 221],
  ["aarch64", "open", undefined],
  ["arm", "set_tls", 0xf0005],
  ["arm", "memfd_secret", undefined],
  ["arm", "arm_fadvise64_64", 270],
])("%s: %s is %p", (arch, name, nr) => {
  expect(syscallNumber(arch, name)).toBe(nr);
});

test.each<[SyscallArch, number]>([
  ["x86_64", 385],
  ["x86", 461],
  ["x32", 374],
  ["aarch64", 327],
  ["arm", 430],
])("%s has %p system calls, and each number gives back its name", (arch, count) => {
  const names: string[] = [];
  for (const start of arch === "x32" ? [X32] : [0, 0xf0000]) {
    for (let nr = start; nr < start + 600; nr++) names.push(syscallName(arch, nr) ?? "");
  }
  const known = names.filter((name) => name !== "");
  expect(known.length).toBe(count);
  expect(new Set(known).size).toBe(count);
});

test.each([
  "cachestat fchmodat2 map_shadow_stack futex_wake futex_wait futex_requeue statmount listmount",
  "lsm_get_self_attr lsm_set_self_attr lsm_list_modules mseal setxattrat getxattrat listxattrat",
  "removexattrat open_tree_attr file_getattr file_setattr listns rseq_slice_yield",
])("the newest calls have one number on all architectures: %s", (names) => {
  for (const name of names.split(" ")) {
    const numbers = (["x86_64", "x86", "aarch64", "arm"] as const).map((arch) =>
      syscallNumber(arch, name),
    );
    expect([...new Set(numbers)]).toEqual([expect.any(Number)]);
  }
});

const HEADERS: readonly [SyscallArch, string][] = [
  ["x86_64", "/usr/include/x86_64-linux-gnu/asm/unistd_64.h"],
  ["x86", "/usr/include/x86_64-linux-gnu/asm/unistd_32.h"],
  ["x32", "/usr/include/x86_64-linux-gnu/asm/unistd_x32.h"],
];
for (const [arch, path] of HEADERS) {
  const title = `${arch}: every number of this machine's kernel headers is in the table`;
  const reason = existsSync(path) ? "" : ` (skipped: no ${path}, of linux-libc-dev)`;
  test.skipIf(reason !== "")(title + reason, () => {
    const defines = readFileSync(path, "utf8").matchAll(/^#define __NR_(\w+) \D*(\d+)\)?$/gm);
    const wrong = [...defines].filter(([, name = "", nr]) => {
      if (name === "syscalls") return false;
      return syscallNumber(arch, name) !== Number(nr) + (arch === "x32" ? X32 : 0);
    });
    expect(wrong.map(([line]) => line)).toEqual([]);
  });
}
