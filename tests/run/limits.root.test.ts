// Limits: that a container cannot take more than it was given, and that the kernel has been told
// what the flags say. Control files are read inside the container, by whichever name they have there.

import { describe, expect, test } from "bun:test";
import { existsSync, rmdirSync } from "node:fs";
import { needsRoot } from "../harness/tier.ts";
import { cgroupHierarchies, cgroupsBelow, cgroupsOf, linesOf, nextLine, openBox } from "./box.ts";
import { attachDisk } from "./loop-disk.ts";

// A shell's ends itself when it may not fork; this one goes on trying.
const FORK_BOMB = "perl -e 'for (;;) { defined(fork) or select(undef, undef, undef, 0.01) }' &";
const GREEDY = "perl -e '$x = \"x\" x (100 << 20); print length $x'";

needsRoot("run limits", () => {
  const box = openBox();
  /** Prints the first control file that is there: the second name is that of a single hierarchy. */
  const show = (...names: readonly string[]): string =>
    `for f in ${names.map((name) => `/sys/fs/cgroup/${name}`).join(" ")}; do ` +
    "[ -e $f ] && read -r line < $f && echo $line && break; done";

  /**
   * Counts processes until there are so many; a shell's own commands alone, as nothing can be forked then.
   * Kernel: pids.current goes beyond the limit for the moment of each fork that is refused.
   */
  const untilCrowded = (count: number): string =>
    "f=/sys/fs/cgroup/cgroup.procs; [ -e $f ] || f=/sys/fs/cgroup/pids/cgroup.procs; n=0; " +
    `until [ $n -ge ${count} ]; do n=0; while read -r p; do n=$((n+1)); done <$f; done`;

  describe("processes", () => {
    test("a fork bomb under --pids-limit 20 is contained, and gone with its container", async () => {
      const cidfile = box.path("cid-bomb");
      const flags = ["--pids-limit", "20", "--cidfile", cidfile];
      const script = `${FORK_BOMB} ${untilCrowded(20)}; ${untilCrowded(20)}; echo $n`;
      const { exitCode, stdout } = await box.bunker(["run", ...flags, "/bin/sh", "-c", script]);
      expect({ exitCode, stdout }).toEqual({ exitCode: 0, stdout: "20\n" });
      expect(cgroupsOf(await Bun.file(cidfile).text())).toEqual([]);
    });

    test("a fork bomb is gone when bunker is told to end", async () => {
      const script = `trap 'exit 9' TERM; ${FORK_BOMB} ${untilCrowded(50)}; echo up; while :; do read x; done`;
      const cidfile = box.path("cid-bomb-2");
      const flags = ["-i", "--pids-limit", "50", "--cidfile", cidfile];
      await using run = box.start(["run", ...flags, "/bin/sh", "-c", script]);
      await nextLine(linesOf(run.child.stdout));
      run.child.kill("SIGTERM");
      expect(await run.child.exited).toBe(9);
      expect(cgroupsOf(await Bun.file(cidfile).text())).toEqual([]);
    });
  });

  test("a block I/O weight is taken where there is a scheduler for it, and else a warning", async () => {
    const outcome = await box.run(["--blkio-weight", "300"], ["/bin/echo", "ok"]);
    expect({ exitCode: outcome.exitCode, stdout: outcome.stdout }).toEqual({
      exitCode: 0,
      stdout: "ok\n",
    });
    expect(outcome.stderr).toMatch(/^(bunker: warning: block I\/O weight is left out: .*\n)?$/);
  });

  describe("memory", () => {
    test("more than -m 64m ends with 137, and the reason is told", async () => {
      const flags = ["-m", "64m", "--memory-swap", "64m"];
      const outcome = await box.bunker(["run", ...flags, "/bin/sh", "-c", `exec ${GREEDY}`]);
      expect(outcome.exitCode).toBe(137);
      expect(outcome.stdout).toBe("");
      expect(outcome.stderr).toMatch(/^bunker: .*out of memory.*64 MiB/);
    });

    test("the reason is told with --init as well", async () => {
      const flags = ["--init", "-m", "64m", "--memory-swap", "64m"];
      const outcome = await box.bunker(["run", ...flags, "/bin/sh", "-c", `exec ${GREEDY}`]);
      expect({ exitCode: outcome.exitCode, stderr: outcome.stderr }).toEqual({
        exitCode: 137,
        stderr:
          "bunker: the container ran out of memory (limit 64 MiB)\n" +
          "  hint: give it more with --memory, or swap with --memory-swap\n",
      });
    });

    test("a child's appetite ends the child, not the container", async () => {
      const flags = ["-m", "64m", "--memory-swap", "64m"];
      const command = ["/bin/sh", "-c", `(${GREEDY}) 2>/dev/null; echo "child: $?"`];
      const outcome = await box.bunker(["run", ...flags, ...command]);
      expect({ exitCode: outcome.exitCode, stdout: outcome.stdout }).toEqual({
        exitCode: 0,
        stdout: "child: 137\n",
      });
    });

    test("as much as was allowed is no offence", async () => {
      expect(await box.hostSh(GREEDY, ["-m", "512m"])).toBe(String(100 << 20));
    });

    test("a killed program is not called out of memory", async () => {
      const script = "echo up; sleep 10";
      const pidfile = box.path("pid-killed");
      const flags = ["-m", "64m", "--pidfile", pidfile];
      const { rootfs } = box;
      await using run = box.start(["run", ...flags, "--rootfs", rootfs, "/bin/sh", "-c", script]);
      await nextLine(linesOf(run.child.stdout));
      process.kill(Number(await Bun.file(pidfile).text()), "SIGKILL");
      expect(await run.child.exited).toBe(137);
      expect(await new Response(run.child.stderr).text()).toBe("");
    });
  });

  describe("what the kernel is told", () => {
    const MIB = 1024 * 1024;
    const memory = (file: string, single: string): string => show(`memory/memory.${file}`, single);
    const cases: readonly (readonly [flags: string, script: string, values: readonly string[]])[] =
      [
        ["--pids-limit 20", show("pids/pids.max", "pids.max"), ["20"]],
        ["--pids-limit -1", show("pids/pids.max", "pids.max"), ["max"]],
        ["-m 64m", memory("limit_in_bytes", "memory.max"), [String(64 * MIB)]],
        ["--memory 1g", memory("limit_in_bytes", "memory.max"), [String(1024 * MIB)]],
        [
          "-m 64m --memory-reservation 32m",
          memory("soft_limit_in_bytes", "memory.low"),
          [String(32 * MIB)],
        ],
        ["--cpus 0.5", show("cpu/cpu.cfs_quota_us", "cpu.max"), ["50000", "50000 100000"]],
        [
          "--cpu-quota 20000 --cpu-period 50000",
          show("cpu/cpu.cfs_quota_us", "cpu.max"),
          ["20000", "20000 50000"],
        ],
        [
          "--cpu-quota 20000 --cpu-period 50000",
          show("cpu/cpu.cfs_period_us", "cpu.max"),
          ["50000", "20000 50000"],
        ],
        ["--cpu-shares 512", show("cpu/cpu.shares", "cpu.weight"), ["512", "20", "59"]],
        [
          "--cpuset-cpus 0",
          "grep Cpus_allowed_list /proc/self/status | tr -d '\\t'",
          ["Cpus_allowed_list:0"],
        ],
        [
          "--cpuset-mems 0",
          "grep Mems_allowed_list /proc/self/status | tr -d '\\t'",
          ["Mems_allowed_list:0"],
        ],
        ["--oom-score-adj 500", "cat /proc/self/oom_score_adj", ["500"]],
      ];
    for (const [flags, script, values] of cases) {
      test(`${flags}: ${script.includes("period") ? "the period" : values[0]}`, async () => {
        expect(values).toContain(await box.sh(script, flags.split(" ")));
      });
    }

    test("--cpus 0.1 slows a busy loop down", async () => {
      const script =
        "f=/sys/fs/cgroup/cpu.stat; [ -e $f ] || f=/sys/fs/cgroup/cpu/cpu.stat; while :; do " +
        "while read -r key n; do [ $key = nr_throttled ] && [ $n -gt 1 ] && echo slow && exit; done <$f; done";
      expect(await box.sh(script, ["--cpus", "0.1"])).toBe("slow");
    });

    test("--memory-swap, where this kernel counts swap", async () => {
      const script = show("memory/memory.memsw.limit_in_bytes", "memory.swap.max");
      const value = await box.sh(`${script}; true`, ["-m", "64m", "--memory-swap", "96m"]);
      // With one hierarchy swap alone is limited; with none of the files there is nothing to say.
      expect([String(96 * MIB), String(32 * MIB), ""]).toContain(value);
    });

    const disk = attachDisk(box.folder);
    const number = `${disk?.major}:${disk?.minor}`;
    for (const [flag, file, word] of [
      ["--device-read-bps", "throttle.read_bps_device", "rbps"],
      ["--device-write-bps", "throttle.write_bps_device", "wbps"],
      ["--device-read-iops", "throttle.read_iops_device", "riops"],
      ["--device-write-iops", "throttle.write_iops_device", "wiops"],
    ] as const) {
      test.skipIf(disk === undefined)(`${flag} of a disk`, async () => {
        const rate = flag.endsWith("bps") ? "1mb" : "100";
        const value = flag.endsWith("bps") ? MIB : 100;
        const line = await box.sh(show(`blkio/blkio.${file}`, "io.max"), [
          flag,
          `${disk?.path}:${rate}`,
        ]);
        expect(line.startsWith(`${number} `)).toBe(true);
        expect(line === `${number} ${value}` || line.includes(`${word}=${value}`)).toBe(true);
      });
    }

    test("--oom-kill-disable, where that can be, and a warning elsewhere", async () => {
      const script = "grep -h oom_kill_disable /sys/fs/cgroup/memory/memory.oom_control; true";
      const flags = ["-m", "64m", "--oom-kill-disable"];
      const outcome = await box.run(flags, ["/bin/sh", "-c", `(${script}) 2>/dev/null`]);
      expect(outcome.exitCode).toBe(0);
      if (outcome.stdout === "") expect(outcome.stderr).toContain("warning");
      else expect(outcome.stdout).toBe("oom_kill_disable 1\n");
    });
  });

  describe("where", () => {
    test("in a cgroup of its own, below --cgroup-parent", async () => {
      const parent = `/bunker-parent-${process.pid}`;
      const folders = cgroupHierarchies().map((hierarchy) => `${hierarchy}${parent}`);
      try {
        const pidfile = box.path("pid-cgroup");
        const flags = ["-i", "--cgroup-parent", parent, "--pidfile", pidfile];
        const command = ["--rootfs", box.rootfs, "/bin/sh", "-c", "echo up; read end"];
        await using run = box.start(["run", ...flags, ...command]);
        await nextLine(linesOf(run.child.stdout));
        const pid = Number(await Bun.file(pidfile).text());
        const cgroups = await Bun.file(`/proc/${pid}/cgroup`).text();
        expect(cgroups).toMatch(new RegExp(`:memory:${parent}/|0::${parent}/`));
        run.child.stdin.end();
        await run.child.exited;
        expect(cgroupsBelow(parent)).toEqual([]);
      } finally {
        for (const folder of folders) if (existsSync(folder)) rmdirSync(folder);
      }
    });

    test("in a cgroup that shows as / with --cgroupns private, and not with host", async () => {
      const last = "tail -1 /proc/self/cgroup | cut -d: -f3";
      expect(await box.sh(last, ["--cgroupns", "private"])).toBe("/");
      const controllers = "cut -d: -f3 /proc/self/cgroup | sort | tail -1";
      expect(await box.sh(controllers, ["--cgroupns", "host"])).toMatch(/bunker.[0-9a-f]{64}$/);
    });

    test("and no cgroup is left of a container that ended, or that could not start", async () => {
      const cidfile = box.path("cid-left");
      const outcome = await box.run(["-m", "64m", "--cidfile", cidfile], ["/bin/true"]);
      expect(outcome.exitCode).toBe(0);
      expect(cgroupsOf(await Bun.file(cidfile).text())).toEqual([]);
    });
  });
});
