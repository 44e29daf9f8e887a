// Ways out of a container that other engines once had, each named after its CVE. A rootfs belongs to
// a stranger, and so does the program in it.

import { afterAll, describe, expect, test } from "bun:test";
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { bunkerCommand } from "../harness/bunker.ts";
import { needsRoot } from "../harness/tier.ts";
import { openBox } from "./box.ts";

needsRoot("run keeps in", () => {
  const box = openBox();
  // What the attacks aim at: a folder of the host's, and a path that does not exist there.
  const victim = mkdtempSync(`${tmpdir()}/bunker-victim-`);
  const absent = `${victim}-absent`;
  writeFileSync(`${victim}/file`, "untouched");
  afterAll(() => rmSync(victim, { recursive: true }));

  const unhurt = (): void => {
    expect(readdirSync(victim)).toEqual(["file"]);
    expect(readFileSync(`${victim}/file`, "utf8")).toBe("untouched");
    expect(existsSync(absent)).toBe(false);
    expect(readFileSync("/proc/self/mountinfo", "utf8")).not.toContain(victim);
  };

  /** Runs in a tree with one path replaced by a symlink. */
  async function runWithLink(path: string, target: string, flags: string[], command: string[]) {
    const tree = box.makeTree();
    rmSync(`${tree}${path}`, { recursive: true, force: true });
    mkdirSync(`${tree}${path}`.replace(/\/[^/]*$/, ""), { recursive: true });
    symlinkSync(target, `${tree}${path}`);
    return { tree, outcome: await box.bunker(["run", ...flags, "--rootfs", tree, ...command]) };
  }

  describe("a mount whose target is a symlink (CVE-2021-30465, CVE-2017-1002101)", () => {
    const ups = "../".repeat(20);
    for (const target of [victim, `${ups}${victim.slice(1)}`, absent, `${ups}${absent.slice(1)}`]) {
      test(`to ${target.includes("..") ? "../…" : ""}${target === victim ? "a folder of the host's" : "somewhere else"}, ${target.length}`, async () => {
        const flags = ["-v", `${box.folder}:/link`, "--tmpfs", "/link/deep"];
        const { outcome } = await runWithLink("/link", target, flags, ["/bin/ls", "/"]);
        unhurt();
        expect(outcome.exitCode === 0 || outcome.exitCode === 125).toBe(true);
      });
    }

    test("in the middle of the path", async () => {
      const flags = ["--tmpfs", "/link/inside", "-v", `${box.folder}:/link/other`];
      const { tree, outcome } = await runWithLink("/link", victim, flags, ["/bin/true"]);
      unhurt();
      expect(outcome.exitCode === 0 || outcome.exitCode === 125).toBe(true);
      // If it was mounted at all, then inside.
      if (outcome.exitCode === 0) expect(existsSync(`${tree}${victim}/inside`)).toBe(true);
    });

    test("that is a file's, for a bind of a file", async () => {
      const flags = ["-v", "/dev/null:/link"];
      await runWithLink("/link", `${victim}/file`, flags, ["/bin/true"]);
      unhurt();
    });
  });

  describe("a rootfs whose own folders are symlinks (CVE-2019-19921, CVE-2023-27561)", () => {
    for (const path of ["/proc", "/sys", "/dev", "/etc", "/dev/pts", "/dev/shm", "/sys/fs"]) {
      for (const target of ["/", "../../../..", victim, absent, "/proc/self/cwd", path]) {
        const shown = target.replace(victim, "HOST");
        test(`${path} -> ${shown}`, async () => {
          const before = readFileSync("/proc/self/mountinfo", "utf8");
          const { outcome } = await runWithLink(path, target, [], ["/bin/true"]);
          unhurt();
          expect(readFileSync("/proc/self/mountinfo", "utf8")).toBe(before);
          expect([0, 125, 127]).toContain(outcome.exitCode);
          expect(outcome.stderr).not.toContain("internal error");
        });
      }
    }

    for (const path of ["/proc", "/sys"]) {
      test(`${path} as a symlink is refused: masks would land elsewhere`, async () => {
        const { outcome } = await runWithLink(path, "/home", [], ["/bin/true"]);
        expect(outcome.exitCode).toBe(125);
        expect(outcome.stderr).toContain(`${path}`);
        unhurt();
      });
    }

    for (const name of ["hosts", "hostname", "resolv.conf"]) {
      test(`/etc/${name} -> a file of the host's`, async () => {
        await runWithLink(
          `/etc/${name}`,
          `${victim}/file`,
          [],
          ["/bin/sh", "-c", `echo x > /etc/${name}`],
        );
        unhurt();
      });
    }

    test("/etc/passwd -> the host's: users are not read from there", async () => {
      writeFileSync(`${victim}-passwd`, "evil:x:0:0::/:/bin/sh\n");
      try {
        const { outcome } = await runWithLink(
          "/etc/passwd",
          `${victim}-passwd`,
          ["-u", "evil"],
          ["/bin/true"],
        );
        expect(outcome.exitCode).toBe(125);
        expect(outcome.stderr).toContain("unable to find user evil");
      } finally {
        rmSync(`${victim}-passwd`);
      }
    });
  });

  describe("a working directory that leads out (CVE-2024-21626)", () => {
    for (let fd = 3; fd < 12; fd++) {
      test(`-w /proc/self/fd/${fd}`, async () => {
        const command = [
          "/bin/sh",
          "-c",
          "cat ../../../etc/debian_version ../../../../etc/debian_version",
        ];
        const outcome = await box.run(["-w", `/proc/self/fd/${fd}`], command);
        expect(outcome.stdout).toBe("");
        expect(outcome.exitCode).not.toBe(0);
      });
    }

    test("by a symlink of the image's to /proc/self/fd/7", async () => {
      const tree = box.makeTree();
      for (let fd = 3; fd < 12; fd++) {
        rmSync(`${tree}/work`, { force: true });
        symlinkSync(`/proc/self/fd/${fd}`, `${tree}/work`);
        const outcome = await box.bunker(["run", "-w", "/work", "--rootfs", tree, "/bin/pwd"]);
        expect(outcome.exitCode).not.toBe(0);
        expect(outcome.stdout).toBe("");
      }
    });

    test("by /proc/1/cwd, /proc/self/root and the like", async () => {
      for (const path of ["/proc/self/cwd", "/proc/1/cwd", "/proc/1/root", "/proc/self/root"]) {
        const outcome = await box.run(["-w", path], ["/bin/sh", "-c", "cat etc/passwd"]);
        if (outcome.exitCode !== 0) continue;
        expect(outcome.stdout).toBe(readFileSync(`${box.rootfs}/etc/passwd`, "utf8"));
      }
    });
  });

  describe("a program that overwrites bunker (CVE-2019-5736)", () => {
    const programs = bunkerCommand().filter((word) => word.startsWith("/"));
    const hashes = () =>
      programs.map((path) =>
        new Bun.CryptoHasher("sha256").update(readFileSync(path)).digest("hex"),
      );
    const before = hashes();

    test("as /proc/self/exe: what it executes is nothing of the host's", async () => {
      const outcome = await box.run([], ["/proc/self/exe", "--version"]);
      expect(outcome.stdout).not.toContain("bunker");
      expect(outcome.exitCode).not.toBe(0);
      expect(hashes()).toEqual(before);
    });

    test("as a #! interpreter", async () => {
      writeFileSync(`${box.rootfs}/evil`, "#!/proc/self/exe\n", { mode: 0o755 });
      const outcome = await box.run([], ["/evil"]);
      expect(outcome.stdout).not.toContain("bunker");
      expect(outcome.exitCode).not.toBe(0);
      expect(hashes()).toEqual(before);
    });

    test("through /proc/*/exe of any process that it sees", async () => {
      const script =
        "for p in /proc/[0-9]*; do (echo evil > $p/exe) 2>/dev/null && echo written $p; " +
        "readlink $p/exe; done; true";
      expect(new Set((await box.sh(script)).split("\n"))).toEqual(new Set(["/bin/busybox"]));
      expect(hashes()).toEqual(before);
    });

    test("not even with the host's processes in sight", async () => {
      const script =
        'for p in /proc/[0-9]*; do case "$(readlink $p/exe)" in *bunker*) ' +
        "(echo evil > $p/exe) 2>/dev/null && echo written;; esac; done; true";
      expect(await box.sh(script, ["--pid", "host"])).toBe("");
      expect(hashes()).toEqual(before);
    });
  });

  describe("masks that an image turns against the host (CVE-2025-31133, CVE-2025-52565)", () => {
    test("/dev/null as a symlink: what is masked stays masked, nothing else is bound there", async () => {
      const tree = box.makeTree();
      rmSync(`${tree}/dev`, { recursive: true });
      mkdirSync(`${tree}/dev`);
      symlinkSync("/proc/sys/kernel/core_pattern", `${tree}/dev/null`);
      const script = "cat /proc/interrupts /proc/timer_list | wc -c; stat -c %t,%T /dev/null";
      const outcome = await box.bunker(["run", "--rootfs", tree, "/bin/sh", "-c", script]);
      expect(outcome).toEqual({ exitCode: 0, stdout: "0\n1,3\n", stderr: "" });
    });

    test("/dev/null of a volume over /dev: the masks are the host's", async () => {
      mkdirSync(box.path("dev"), { recursive: true });
      symlinkSync("/proc/sys/kernel/core_pattern", box.path("dev/null"));
      const flags = ["-v", `${box.path("dev")}:/dev`];
      const outcome = await box.run(flags, ["/bin/sh", "-c", "cat /proc/interrupts | wc -c"]);
      expect([0, 125]).toContain(outcome.exitCode);
      if (outcome.exitCode === 0) expect(outcome.stdout).toBe("0\n");
      rmSync(box.path("dev"), { recursive: true });
    });

    test("/dev/console and /dev/pts/ptmx as symlinks, with a terminal", async () => {
      const tree = box.makeTree();
      rmSync(`${tree}/dev`, { recursive: true });
      mkdirSync(`${tree}/dev/pts`, { recursive: true });
      symlinkSync("/proc/sysrq-trigger", `${tree}/dev/console`);
      symlinkSync("/proc/sys/kernel/core_pattern", `${tree}/dev/pts/ptmx`);
      const pattern = readFileSync("/proc/sys/kernel/core_pattern", "utf8");
      const outcome = await box.bunker(["run", "-t", "--rootfs", tree, "tty"]);
      expect([0, 125]).toContain(outcome.exitCode);
      expect(readFileSync("/proc/sys/kernel/core_pattern", "utf8")).toBe(pattern);
    });
  });

  describe("what root in a container must not be able to do", () => {
    const attempts: readonly (readonly [what: string, script: string])[] = [
      ["write /proc/sys/kernel/core_pattern", "echo '|/evil' > /proc/sys/kernel/core_pattern"],
      ["write /proc/sys/kernel/modprobe", "echo /evil > /proc/sys/kernel/modprobe"],
      ["write /proc/sysrq-trigger", "test -e /proc/sysrq-trigger && echo h > /proc/sysrq-trigger"],
      ["write /proc/irq", "echo 1 > /proc/irq/default_smp_affinity"],
      ["write /sys", "echo evil > /sys/kernel/uevent_helper || echo 1 > /sys/kernel/profiling"],
      ["write its cgroup", "echo 1 > $(find /sys/fs/cgroup -name cgroup.procs | head -1)"],
      ["release_agent (CVE-2022-0492)", "mkdir /tmp/c; mount -t cgroup -o rdma cgroup /tmp/c"],
      [
        "release_agent in a new user namespace (CVE-2022-0492)",
        "unshare -UrmC sh -c 'mount -t cgroup -o pids cgroup /mnt'",
      ],
      ["mount", "mount -t tmpfs none /mnt"],
      ["mount --bind", "mount --bind / /mnt"],
      ["remount /proc/sys writable", "mount -o remount,rw,bind /proc/sys"],
      ["remount /sys writable", "mount -o remount,rw /sys"],
      ["umount a mask", "umount /proc/interrupts"],
      ["unshare a user namespace", "unshare -U true"],
      ["unshare a mount namespace", "unshare -m true"],
      ["enter the mount namespace of init", "nsenter -t 1 -m true"],
      ["pivot_root", "pivot_root / /tmp"],
      ["load a module", "insmod /bin/busybox"],
      ["set the clock", "date -s 2001-01-01 >/dev/null; test $(date +%Y) = 2001"],
      ["set the host name", "hostname evil"],
      ["reboot", "reboot -f"],
      ["turn swap off", "swapoff -a && swapon /etc/passwd"],
      ["configure the network", "ip link add type dummy"],
      ["change kernel messages", "dmesg -n 1"],
    ];
    for (const [what, script] of attempts) {
      test(what, async () => {
        const outcome = await box.run(
          [],
          ["/bin/sh", "-c", `(${script}) 2>/dev/null && echo done`],
        );
        expect(outcome.stdout).toBe("");
      });
    }

    // By number, as there is no program for them; x86-64 and arm64.
    const isArm = process.arch === "arm64";
    const calls: readonly (readonly [name: string, x64: number, arm64: number, args: string])[] = [
      ["keyctl", 250, 219, "0, -3, 0"],
      ["add_key", 248, 217, "'user', 'name', 'x', 1, -3"],
      ["bpf", 321, 280, "0, 0, 0"],
      ["ptrace", 101, 117, "16, 1, 0, 0"],
      ["mount", 165, 40, "'none', '/mnt', 'tmpfs', 0, 0"],
      ["open_tree", 428, 428, "-100, '/', 1"],
      ["fsopen", 430, 430, "'tmpfs', 0"],
      ["setns", 308, 268, "0, 0"],
      ["kexec_load", 246, 104, "0, 0, 0, 0"],
      ["init_module", 175, 105, "0, 0, ''"],
      ["open_by_handle_at", 304, 265, "-100, 'x', 0"],
      ["userfaultfd", 323, 282, "0"],
      ["perf_event_open", 298, 241, "'x', 0, -1, -1, 0"],
      ["io_uring_setup", 425, 425, "1, 'x'"],
      ["process_vm_readv", 310, 270, "0, 0, 0, 0, 0, 0"],
      ["clone of a user namespace", 56, 220, "0x10000011, 0, 0, 0, 0"],
    ];
    for (const [name, x64, arm64, args] of calls) {
      const permitted = ["ptrace", "process_vm_readv"].includes(name);
      test(`${name}: ${permitted ? "not of anyone outside" : "EPERM"}`, async () => {
        const code = `@a = (${args}); $r = syscall(${isArm ? arm64 : x64}, @a); print $r < 0 ? $!+0 : "done"`;
        const outcome = await box.bunker(["run", "/usr/bin/perl", "-e", code]);
        expect(outcome.exitCode).toBe(0);
        expect(outcome.stdout).toMatch(permitted ? /^(1|0|22|done)$/ : /^1$/);
      });
    }

    test("clone3: as if the kernel did not have it, so that libc takes clone, which is filtered", async () => {
      const code = '@a = ("x" x 88, 88); print syscall(435, @a) < 0 ? $!+0 : "done"';
      expect((await box.bunker(["run", "/usr/bin/perl", "-e", code])).stdout).toBe("38");
    });

    test("chroot out of it: the old root is not above", async () => {
      const script =
        'mkdir -p /tmp/jail && perl -e \'chroot("/tmp/jail"); chdir("..") for 1..50; chroot("."); ' +
        `print -e "${victim}/nothing" ? "out" : "in", -d "/proc/1" ? " with proc" : ""'`;
      expect(await box.hostSh(script)).toBe("in with proc");
    });

    test("send a signal to, or see the memory of, who made it", async () => {
      const script =
        "kill -9 -1 2>/dev/null; kill -0 2 2>/dev/null && echo another; ls /proc | grep -c '^[0-9]'";
      const outcome = await box.run([], ["/bin/sh", "-c", script]);
      expect(outcome.stdout).not.toContain("another");
      expect(outcome.exitCode).toBe(0);
    });
  });

  describe("a hostile /etc/passwd", () => {
    const passwords: readonly (readonly [
      what: string,
      text: string,
      exitCode: number,
      id: string,
    ])[] = [
      ["of 64 MiB", `${"x".repeat(64 << 20)}\nweb:x:7:7::/:/bin/sh\n`, 125, ""],
      ["with NULs", "web\0:x:0:0::/:/bin/sh\nweb:x:7:7::/:/bin/sh\n", 0, "7 7"],
      ["with a junk uid (not root)", "web:x:junk:0::/:/bin/sh\nweb:x:7:7::/:/bin/sh\n", 0, "7 7"],
      ["with a uid of 2^32 (not root)", "web:x:4294967296:0::/:/bin/sh\n", 125, ""],
      ["with a home full of newlines", "web:x:7:7::/a\rb:/bin/sh\n", 0, "7 7"],
    ];
    for (const [what, text, exitCode, id] of passwords) {
      test(what, async () => {
        const tree = box.makeTree();
        writeFileSync(`${tree}/etc/passwd`, text);
        const command = ["/bin/sh", "-c", "echo $(id -u) $(id -g)"];
        const outcome = await box.bunker(["run", "-u", "web", "--rootfs", tree, ...command]);
        expect({ exitCode: outcome.exitCode, id: outcome.stdout.trim() }).toEqual({ exitCode, id });
        expect(outcome.stderr).not.toContain("internal error");
      });
    }

    test("that is a fifo, a folder or a device is not waited for", async () => {
      for (const make of ["mkfifo", "mkdir", "null", "loop"]) {
        const tree = box.makeTree();
        const path = `${tree}/etc/passwd`;
        rmSync(path);
        if (make === "mkfifo") Bun.spawnSync(["mkfifo", path]);
        if (make === "mkdir") mkdirSync(path);
        if (make === "null") Bun.spawnSync(["mknod", path, "c", "1", "5"]);
        if (make === "loop") symlinkSync("passwd", path);
        const outcome = await box.bunker(["run", "--rootfs", tree, "/bin/echo", "ok"]);
        expect({ make, stdout: outcome.stdout, exitCode: outcome.exitCode }).toEqual({
          make,
          stdout: "ok\n",
          exitCode: 0,
        });
      }
    });
  });

  test("a setuid program gains nothing under no-new-privileges", async () => {
    mkdirSync(box.path("suid"));
    writeFileSync(box.path("suid/cat"), readFileSync("/bin/cat"));
    chmodSync(box.path("suid/cat"), 0o4755);
    const uids = async (...flags: string[]) => {
      const volume = `${box.path("suid")}:/suid`;
      const command = ["/suid/cat", "/proc/self/status"];
      const outcome = await box.bunker(["run", ...flags, "-u", "1000", "-v", volume, ...command]);
      return /^Uid:.*$/m.exec(outcome.stdout)?.[0];
    };
    expect(await uids()).toBe("Uid:\t1000\t0\t0\t0");
    const option = ["--security-opt", "no-new-privileges"];
    expect(await uids(...option)).toBe("Uid:\t1000\t1000\t1000\t1000");
  });

  test("a state folder is closed to other users", () => {
    expect(statSync(`${box.runFolder}/containers`).mode & 0o077).toBe(0);
  });
});
