// The file systems of a container: the list that every one has, and what -v, --mount, --tmpfs,
// --read-only and --shm-size make of it.

import { describe, expect, test } from "bun:test";
import { existsSync, mkdirSync, readFileSync, statSync, symlinkSync, writeFileSync } from "node:fs";
import { needsRoot } from "../harness/tier.ts";
import { linesOf, mountsBelow, nextLine, openBox } from "./box.ts";

needsRoot("run mounts", () => {
  const box = openBox();
  // Some kernels show how wide a tmpfs' inode numbers are.
  const at = (target: string) =>
    `grep " ${target} " /proc/self/mountinfo | cut -d' ' -f4- | sed 's/,inode64//'`;

  /** mountinfo without numbers and without what depends on this machine's own file systems. */
  async function mountList(flags: readonly string[] = []): Promise<string[]> {
    const lines = (await box.sh("cat /proc/self/mountinfo", flags)).split("\n");
    return lines.map((line) => {
      const [left = "", right = ""] = line.split(" - ");
      const [, , , root = "", target = "", options = ""] = left.split(" ");
      const [type = "", source = "", superOptions = ""] = right.split(" ");
      if (target === "/" || target.startsWith("/etc/")) return `${target} ${options.slice(0, 2)}`;
      if (type === "devtmpfs") return `${target} ${root} ${options}`;
      return `${target} ${type} ${source} ${options} ${superOptions.replace(",inode64", "")}`;
    });
  }

  test("exactly what docker does, with the same options", async () => {
    const mounts = await mountList();
    const kernel = mounts.filter((line) => !/^\/(sys\/fs\/cgroup|proc\/|sys\/)/.test(line));
    expect(kernel).toEqual([
      "/ rw",
      "/proc proc proc rw,nosuid,nodev,noexec,relatime rw",
      "/dev tmpfs tmpfs rw,nosuid rw,size=65536k,mode=755",
      "/dev/pts devpts devpts rw,nosuid,noexec,relatime rw,gid=5,mode=620,ptmxmode=666",
      "/sys sysfs sysfs ro,nosuid,nodev,noexec,relatime rw",
      "/dev/mqueue mqueue mqueue rw,nosuid,nodev,noexec,relatime rw",
      "/dev/shm tmpfs shm rw,nosuid,nodev,noexec,relatime rw,size=65536k",
      "/etc/resolv.conf rw",
      "/etc/hostname rw",
      "/etc/hosts rw",
    ]);
  });

  test("every masked path of this host out of sight, every read-only one out of reach", async () => {
    const hidden = (await mountList()).filter((line) => /^\/(proc|sys\/[^f]|sys\/fi)/.test(line));
    for (const path of ["/proc/bus", "/proc/fs", "/proc/irq", "/proc/sys", "/proc/sysrq-trigger"]) {
      if (!existsSync(path)) continue;
      expect(hidden).toContain(`${path} proc proc ro,nosuid,nodev,noexec,relatime rw`);
    }
    for (const path of [
      "/proc/acpi",
      "/proc/asound",
      "/proc/interrupts",
      "/proc/kcore",
      "/proc/keys",
      "/proc/latency_stats",
      "/proc/sched_debug",
      "/proc/scsi",
      "/proc/timer_list",
      "/sys/firmware",
      "/sys/devices/virtual/powercap",
    ]) {
      if (!existsSync(path)) continue;
      const options = statSync(path).isDirectory() ? "tmpfs tmpfs ro,relatime" : "/null rw";
      expect(hidden.find((line) => line.startsWith(`${path} ${options}`))).toBeDefined();
    }
  });

  test("the container's cgroups, read-only", async () => {
    const cgroups = (await mountList()).filter((line) => line.startsWith("/sys/fs/cgroup"));
    expect(cgroups.length).toBeGreaterThan(0);
    for (const line of cgroups) expect(line).toContain(" ro,nosuid,nodev,noexec,relatime ");
    expect(await box.sh("cat $(find /sys/fs/cgroup -name cgroup.procs | head -1)")).toMatch(/^1\b/);
  });

  describe("with -v", () => {
    test("a folder of the host's, to be written to", async () => {
      mkdirSync(box.path("data"));
      await box.sh("echo from inside > /data/file", ["-v", `${box.path("data")}:/data`]);
      expect(readFileSync(box.path("data/file"), "utf8")).toBe("from inside\n");
    });

    test("a folder with :ro, not to be written to, nor what is mounted in it", async () => {
      mkdirSync(box.path("ro/deep"), { recursive: true });
      const mounted = Bun.spawnSync(["mount", "-t", "tmpfs", "deep", box.path("ro/deep")]);
      expect(mounted.exitCode).toBe(0);
      try {
        const script = "touch /ro/a 2>/dev/null; touch /ro/deep/b 2>/dev/null; ls -R /ro";
        const listing = await box.sh(script, ["-v", `${box.path("ro")}:/ro:ro`]);
        expect(listing).toBe("/ro:\ndeep\n\n/ro/deep:");
      } finally {
        Bun.spawnSync(["umount", box.path("ro/deep")]);
      }
    });

    test("one file, in the place of one that the image has", async () => {
      writeFileSync(box.path("passwd"), "mine:x:0:0::/:/bin/sh\n");
      const flags = ["-v", `${box.path("passwd")}:/etc/passwd:ro`];
      expect(await box.sh("cat /etc/passwd", flags)).toBe("mine:x:0:0::/:/bin/sh");
    });

    test("one file where there was nothing, not even a folder", async () => {
      writeFileSync(box.path("single"), "single\n");
      const script = "cat /new/folder/file";
      expect(await box.sh(script, ["-v", `${box.path("single")}:/new/folder/file`])).toBe("single");
    });

    test("a missing source: it is made, as a folder", async () => {
      const source = box.path("missing/by-volume");
      expect(await box.sh("ls -d /made", ["-v", `${source}:/made`])).toBe("/made");
      expect(statSync(source).isDirectory()).toBe(true);
    });

    test("a socket, a fifo and a device as they are", async () => {
      Bun.spawnSync(["mkfifo", box.path("fifo")]);
      const flags = ["-v", `${box.path("fifo")}:/fifo`, "-v", "/dev/null:/null2"];
      expect(await box.sh("test -p /fifo && test -c /null2 && echo both", flags)).toBe("both");
    });

    test("deep below shallow, whatever their order", async () => {
      mkdirSync(box.path("outer/inner"), { recursive: true });
      mkdirSync(box.path("other"), { recursive: true });
      writeFileSync(box.path("other/here"), "");
      const flags = ["-v", `${box.path("other")}:/o/inner`, "-v", `${box.path("outer")}:/o`];
      expect(await box.sh("ls /o /o/inner", flags)).toBe("/o:\ninner\n\n/o/inner:\nhere");
    });

    test("/dev/shm, /tmp or /proc/sys of one's own in the place of the default", async () => {
      writeFileSync(box.path("data-of-shm"), "x");
      const flags = ["-v", `${box.folder}:/dev/shm`];
      expect(await box.sh("ls /dev/shm/data-of-shm", flags)).toBe("/dev/shm/data-of-shm");
    });
  });

  describe("with --mount", () => {
    test("type=bind: the same as -v", async () => {
      mkdirSync(box.path("bound"));
      const flags = ["--mount", `type=bind,src=${box.path("bound")},dst=/bound`];
      await box.sh("touch /bound/it", flags);
      expect(existsSync(box.path("bound/it"))).toBe(true);
      const readonly = ["--mount", `type=bind,src=${box.path("bound")},dst=/bound,readonly`];
      expect(await box.sh("touch /bound/no 2>&1 || true", readonly)).toContain("Read-only");
    });

    test("type=bind of a missing source: not at all", async () => {
      const source = box.path("missing-by-mount");
      const outcome = await box.run(["--mount", `type=bind,src=${source},dst=/x`], ["/bin/true"]);
      expect(outcome).toEqual({
        exitCode: 125,
        stdout: "",
        stderr:
          `bunker: invalid mount config for type "bind": bind source path does not exist: ${source}\n` +
          "  hint: -v makes a missing source folder\n",
      });
      expect(existsSync(source)).toBe(false);
    });

    test("type=tmpfs, of a size and mode", async () => {
      const flags = ["--mount", "type=tmpfs,dst=/t,tmpfs-size=1m,tmpfs-mode=1770"];
      expect(await box.sh(`${at("/t")}; stat -c %a /t`, flags)).toBe(
        "/ /t rw,nosuid,nodev,noexec,relatime - tmpfs tmpfs rw,size=1024k,mode=1770\n1770",
      );
    });
  });

  describe("with a propagation", () => {
    async function seenInside(propagation: string): Promise<boolean> {
      const source = box.path(`propagation-${propagation}`);
      mkdirSync(`${source}/sub`, { recursive: true });
      const prepare = ["--bind", "--make-shared"].map((flag) =>
        flag === "--bind"
          ? Bun.spawnSync(["mount", "--bind", source, source])
          : Bun.spawnSync(["mount", "--make-shared", source]),
      );
      expect(prepare.map(({ exitCode }) => exitCode)).toEqual([0, 0]);
      try {
        const script = "echo up; read go; ls /p/sub";
        const flags = ["-i", "-v", `${source}:/p:${propagation}`];
        const { rootfs } = box;
        await using run = box.start(["run", ...flags, "--rootfs", rootfs, "/bin/sh", "-c", script]);
        const lines = linesOf(run.child.stdout);
        await nextLine(lines);
        Bun.spawnSync(["mount", "-t", "tmpfs", "late", `${source}/sub`]);
        writeFileSync(`${source}/sub/late`, "");
        run.child.stdin.write("go\n");
        run.child.stdin.end();
        const { value } = await lines.next();
        expect(await run.child.exited).toBe(0);
        return value === "late";
      } finally {
        Bun.spawnSync(["umount", `${source}/sub`]);
        Bun.spawnSync(["umount", source]);
      }
    }

    test("rprivate: what the host mounts later is not seen", async () => {
      expect(await seenInside("rprivate")).toBe(false);
    });

    test("rslave: what the host mounts later is seen", async () => {
      expect(await seenInside("rslave")).toBe(true);
    });

    test("rslave: what the container mounts is not seen by the host", async () => {
      const source = box.path("slave");
      mkdirSync(`${source}/sub`, { recursive: true });
      Bun.spawnSync(["mount", "--bind", source, source]);
      Bun.spawnSync(["mount", "--make-shared", source]);
      try {
        const flags = ["--privileged", "-v", `${source}:/p:rslave`];
        await box.sh("mount -t tmpfs inside /p/sub && touch /p/sub/x", flags);
        expect(existsSync(`${source}/sub/x`)).toBe(false);
        expect(mountsBelow(`${source}/sub`)).toEqual([]);
      } finally {
        Bun.spawnSync(["umount", source]);
      }
    });

    test("rshared: what the container mounts is seen by the host, and it is the host's then", async () => {
      const source = box.path("shared");
      mkdirSync(`${source}/sub`, { recursive: true });
      Bun.spawnSync(["mount", "--bind", source, source]);
      Bun.spawnSync(["mount", "--make-shared", source]);
      try {
        const flags = ["--privileged", "-v", `${source}:/p:rshared`];
        await box.sh("mount -t tmpfs inside /p/sub && touch /p/sub/x", flags);
        expect(existsSync(`${source}/sub/x`)).toBe(true);
      } finally {
        Bun.spawnSync(["umount", `${source}/sub`]);
        Bun.spawnSync(["umount", source]);
      }
    });
  });

  describe("with --tmpfs", () => {
    test("an empty one, with docker's flags and the given options", async () => {
      const flags = ["--tmpfs", "/etc:size=64k,mode=700,exec"];
      const script = `ls -A /etc | grep -v -e hosts -e hostname -e resolv.conf | wc -l; ${at("/etc")}`;
      expect(await box.sh(script, flags)).toBe(
        "0\n/ /etc rw,nosuid,nodev,relatime - tmpfs tmpfs rw,size=64k,mode=700",
      );
    });

    test("one that is full at its size", async () => {
      const script = "head -c 200000 /dev/zero > /small/file 2>/dev/null; wc -c < /small/file";
      expect(await box.sh(script, ["--tmpfs", "/small:size=64k"])).toBe("65536");
    });
  });

  describe("with --read-only", () => {
    test("nothing writable but what is there to be written to", async () => {
      const script =
        "for p in / /etc /etc/hosts /tmp /bin /sys /dev /dev/shm /dev/mqueue /scratch /data; do " +
        "if [ -d $p ]; then touch $p/.w 2>/dev/null; else { true >> $p; } 2>/dev/null; fi && echo $p; done; true";
      const flags = ["--read-only", "--tmpfs", "/scratch", "-v", `${box.folder}:/data`];
      expect((await box.sh(script, flags)).split("\n")).toEqual([
        "/dev",
        "/dev/shm",
        "/dev/mqueue",
        "/scratch",
        "/data",
      ]);
    });

    test("the rootfs on the host as writable as before", async () => {
      await box.sh("true", ["--read-only"]);
      writeFileSync(`${box.rootfs}/tmp/still`, "");
      expect(existsSync(`${box.rootfs}/tmp/still`)).toBe(true);
    });
  });

  test("/dev/shm of the size that --shm-size says", async () => {
    expect(await box.sh(at("/dev/shm"), ["--shm-size", "1m"])).toBe(
      "/ /dev/shm rw,nosuid,nodev,noexec,relatime - tmpfs shm rw,size=1024k",
    );
  });

  test("the host's /dev/shm with --ipc host", async () => {
    const name = `bunker-shm-${process.pid}`;
    writeFileSync(`/dev/shm/${name}`, "host's");
    try {
      expect(await box.sh(`cat /dev/shm/${name}`, ["--ipc", "host"])).toBe("host's");
      expect(await box.sh(`ls /dev/shm | wc -l`)).toBe("0");
    } finally {
      Bun.spawnSync(["rm", `/dev/shm/${name}`]);
    }
  });

  test("on a rootfs that is reached through a symlink, with spaces and commas in its name", async () => {
    symlinkSync(box.rootfs, box.path("a link, with: odd characters"));
    const rootfs = box.path("a link, with: odd characters");
    const outcome = await box.bunker(["run", "--rootfs", rootfs, "/bin/echo", "ok"]);
    expect(outcome).toEqual({ exitCode: 0, stdout: "ok\n", stderr: "" });
  });
});
