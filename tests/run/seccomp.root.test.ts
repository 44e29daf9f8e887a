// Seccomp profiles as a container's program feels them: files in docker's format and in that of
// config.json, what capabilities bring, and the folder that keeps compiled ones.

import { describe, expect, test } from "bun:test";
import { readdirSync, statSync, writeFileSync } from "node:fs";
import { needsRoot } from "../harness/tier.ts";
import { openBox } from "./box.ts";

/** What the way to a program and a small program need. */
const ENOUGH =
  "prctl capget capset setgroups setresgid setresuid chdir futex execve exit exit_group read write " +
  "writev brk mmap munmap mprotect arch_prctl set_tid_address set_robust_list rseq prlimit64 " +
  "readlink readlinkat getrandom getuid geteuid getgid getegid rt_sigaction rt_sigprocmask " +
  "fstat newfstatat ioctl getpid getppid getcwd uname close openat fcntl";

needsRoot("run --security-opt seccomp=FILE", () => {
  const box = openBox();

  /** The flags that give a container this profile. */
  function using(name: string, profile: object): string[] {
    const path = box.path(`${name}.json`);
    writeFileSync(path, JSON.stringify(profile));
    return ["--security-opt", `seccomp=${path}`];
  }
  const rule = (names: string, action: string, more: object = {}) => ({
    names: names.split(" "),
    action: `SCMP_ACT_${action}`,
    ...more,
  });
  const denying = (...syscalls: object[]) => ({ defaultAction: "SCMP_ACT_ALLOW", syscalls });

  test("fails what the profile denies, with its errno", async () => {
    const flags = using("mkdir", denying(rule("mkdir mkdirat", "ERRNO", { errnoRet: 1 })));
    expect(await box.run(flags, ["mkdir", "/made"])).toEqual({
      exitCode: 1,
      stdout: "",
      stderr: "mkdir: can't create directory '/made': Operation not permitted\n",
    });
  });

  test("ends with 159 where the profile kills", async () => {
    const flags = using("chmod", denying(rule("chmod fchmodat fchmodat2", "KILL_PROCESS")));
    const outcome = await box.run(flags, ["chmod", "700", "/tmp"]);
    expect(outcome).toEqual({ exitCode: 159, stdout: "", stderr: "" });
  });

  test("lets pass nothing but the list of a profile that denies by default", async () => {
    const list = { defaultAction: "SCMP_ACT_ERRNO", syscalls: [rule(ENOUGH, "ALLOW")] };
    const flags = using("list", list);
    expect(await box.run(flags, ["echo", "hello"])).toEqual({
      exitCode: 0,
      stdout: "hello\n",
      stderr: "",
    });
    const denied = await box.run(flags, ["mkdir", "/made"]);
    expect(denied.stderr).toBe("mkdir: can't create directory '/made': Operation not permitted\n");
  });

  test("decides by the container's capabilities which rules are meant", async () => {
    const unlessAdmin = { excludes: { caps: ["CAP_NET_ADMIN"] } };
    const flags = using("caps", denying(rule("mkdir mkdirat", "ERRNO", unlessAdmin)));
    expect((await box.run(flags, ["mkdir", "/tmp/made"])).exitCode).toBe(1);
    const outcome = await box.run(["--cap-add", "NET_ADMIN", ...flags], ["mkdir", "/tmp/made2"]);
    expect(outcome.exitCode).toBe(0);
  });

  test("compares all 64 bits of an argument", async () => {
    const path = box.path("wide.json");
    const arg = '{"index":0,"value":18446744073709551615,"op":"SCMP_CMP_EQ"}';
    const names = '"names":["close"],"action":"SCMP_ACT_ERRNO","errnoRet":4';
    writeFileSync(
      path,
      `{"defaultAction":"SCMP_ACT_ALLOW","syscalls":[{${names},"args":[${arg}]}]}`,
    );
    const close = process.arch === "arm64" ? 57 : 3;
    const perl = (fd: string) => `print 0 + (syscall(${close}, ${fd}) < 0 && $!)`;
    const flags = ["run", "--security-opt", `seccomp=${path}`, "/usr/bin/perl", "-e"];
    expect((await box.bunker([...flags, perl("-1")])).stdout).toBe("4");
    expect((await box.bunker([...flags, perl("0xffffffff")])).stdout).toBe("9");
  });

  test("keeps the compiled profile in a folder of its user's alone, and takes it from there", async () => {
    const folder = `${box.runFolder}/seccomp`;
    const listed = () =>
      readdirSync(folder)
        .map((name) => `${name} ${statSync(`${folder}/${name}`).ino}`)
        .sort();
    const flags = using("kept", denying(rule("rmdir", "ERRNO", { errnoRet: 77 })));
    await box.run(flags, ["/bin/true"]);
    const first = listed();
    // A profile that is compiled again is written to a new file.
    await box.run(flags, ["/bin/true"]);
    expect(listed()).toEqual(first);
    expect(statSync(folder).mode & 0o7777).toBe(0o700);
  });

  describe("refuses", () => {
    const refused: readonly (readonly [text: string, why: string])[] = [
      [
        '{"defaultAction":"SCMP_ACT_ALLOW","syscalls":[{"names":["x"],"action":"SCMP_ACT_EPERM"}]}',
        'syscalls[0].action: unknown seccomp action: "SCMP_ACT_EPERM"',
      ],
      [
        "{}",
        "defaultAction: must be given\n" +
          "  hint: --security-opt seccomp=unconfined runs a container without a filter",
      ],
      [
        '{"defaultAction":"SCMP_ACT_ALLOW","syscalls":[{"names":["x"],"action":"SCMP_ACT_NOTIFY"}]}',
        "SCMP_ACT_NOTIFY needs a program that answers it, which run does not start",
      ],
    ];
    for (const [text, why] of refused) {
      test(text, async () => {
        const path = box.path("refused.json");
        writeFileSync(path, text);
        const outcome = await box.run(["--security-opt", `seccomp=${path}`], ["/bin/true"]);
        const stderr = `bunker: cannot use seccomp profile "${path}": ${why}\n`;
        expect(outcome).toEqual({ exitCode: 125, stdout: "", stderr });
      });
    }
  });

  test("--cap-add SYS_ADMIN opens mount(2) in the default profile, which still holds", async () => {
    const script =
      "mount -t tmpfs none /mnt && grep -c ' /mnt tmpfs' /proc/self/mounts; grep Seccomp: /proc/self/status";
    expect(await box.sh(script, ["--cap-add", "SYS_ADMIN"])).toBe("1\nSeccomp:\t2");
  });
});
