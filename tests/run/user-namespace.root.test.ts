// `--userns auto`: root inside is nobody in particular outside.

import { expect, test } from "bun:test";
import { existsSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { needsRoot } from "../harness/tier.ts";
import { cgroupsOf, linesOf, nextLine, openBox } from "./box.ts";

needsRoot("run --userns auto", () => {
  const box = openBox();
  const auto = ["--userns", "auto"];

  test("maps root to ids that are nobody's outside", async () => {
    const [uids, gids] = (await box.sh("cat /proc/self/uid_map /proc/self/gid_map", auto)).split(
      "\n",
    );
    expect(uids).toMatch(/^ +0 +[1-9]\d{4,} +65536$/);
    expect(gids).toBe(uids);
  });

  test("runs the program as that id, as the host sees it", async () => {
    const pidfile = box.path("pid");
    const command = ["--rootfs", box.rootfs, "/bin/sh", "-c", "echo up; read line"];
    await using run = box.start(["run", ...auto, "-i", "--pidfile", pidfile, ...command]);
    await nextLine(linesOf(run.child.stdout));
    const status = readFileSync(`/proc/${readFileSync(pidfile, "utf8")}/status`, "utf8");
    expect(Number(/^Uid:\t(\d+)/m.exec(status)?.[1])).toBeGreaterThan(9999);
    run.child.stdin.end();
    expect(await run.child.exited).toBe(1);
  });

  test("shows the rootfs as root's, and leaves what is made in it the caller's on disk", async () => {
    const script = "stat -c '%u:%g' /bin /bin/busybox; echo x > /made; stat -c '%u:%g' /made";
    expect(await box.sh(script, auto)).toBe("0:0\n0:0\n0:0");
    const { uid, gid } = statSync(`${box.rootfs}/made`);
    expect({ uid, gid }).toEqual({ uid: 0, gid: 0 });
  });

  test("runs as another user, whose files are his on disk", async () => {
    expect(await box.sh("id -u; echo x > /home/web/own", [...auto, "-u", "web"])).toBe("1000");
    expect(statSync(`${box.rootfs}/home/web/own`).uid).toBe(1000);
  });

  test("has /proc, /sys, a hostname and a working /dev", async () => {
    const script =
      "[ -e /proc/1/status ] && [ -d /sys/class ] && hostname && echo x > /dev/null && head -c 4 /dev/zero | wc -c";
    expect(await box.sh(script, [...auto, "--hostname", "web"])).toBe("web\n4");
  });

  test("has no power over the host, even with --privileged", async () => {
    const script =
      "{ echo x > /proc/sys/kernel/core_pattern; mknod /disk b 8 0; chown 0 /sys; } 2>&1 | grep -c -E 'ermission|permitted|Read-only'; mount -t tmpfs x /mnt && echo mounted";
    expect(await box.sh(script, [...auto, "--privileged"])).toBe("3\nmounted");
    expect(existsSync(`${box.rootfs}/disk`)).toBe(false);
  });

  test("binds a folder as it is: the host's root is nobody inside", async () => {
    writeFileSync(box.path("hosts-own"), "secret\n", { mode: 0o600 });
    const flags = [...auto, "-v", `${box.path("hosts-own")}:/own`];
    expect(await box.sh("stat -c %u /own; cat /own 2>/dev/null || echo closed", flags)).toBe(
      "65534\nclosed",
    );
  });

  test("keeps to its limits, and leaves no cgroup", async () => {
    const cidfile = box.path("cid");
    const script = "for i in $(seq 1 40); do sleep 60 & done; echo as many as it liked";
    const flags = [...auto, "--pids-limit", "10", "--cidfile", cidfile];
    const outcome = await box.run(flags, ["/bin/sh", "-c", script]);
    expect(outcome.stdout).toBe("");
    expect(outcome.stderr).toContain("can't fork");
    expect(cgroupsOf(readFileSync(cidfile, "utf8"))).toEqual([]);
  });

  test("works with --init, and leaves no process", async () => {
    expect(await box.sh("cat /proc/1/comm; echo /proc/[0-9]*", [...auto, "--init"])).toBe(
      "bunker-init\n/proc/1 /proc/2",
    );
  });

  test("refuses a command that is not there: 127", async () => {
    const outcome = await box.run(auto, ["/nowhere"]);
    expect(outcome).toEqual({
      exitCode: 127,
      stdout: "",
      stderr: 'bunker: cannot run "/nowhere": no such file or directory\n',
    });
  });

  test("refuses the view of the host, and another performer", async () => {
    const host = await box.bunker(["run", ...auto, "/bin/true"]);
    expect({ ...host }).toEqual({
      exitCode: 125,
      stdout: "",
      stderr:
        "bunker: --userns auto needs a rootfs or an image: the view of the host has no id-mapped mounts\n" +
        "  hint: add --rootfs FOLDER\n",
    });
    const other = await box.run([...auto, "--performer", "process"], ["/bin/true"]);
    expect(other.stderr).toBe("bunker: --userns auto needs the agent as performer: got process\n");
  });
});
