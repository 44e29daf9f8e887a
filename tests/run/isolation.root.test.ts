// What a container shares with its host and what it has of its own: namespaces, the network, /dev,
// the files of /etc; and that the host is afterwards what it was before.

import { expect, test } from "bun:test";
import { mkdirSync, readFileSync, readlinkSync, statSync } from "node:fs";
import { isProcessAlive } from "../../ffi/agent/alive.ts";
import { needsRoot } from "../harness/tier.ts";
import { linesOf, nextLine, openBox } from "./box.ts";

const NAMESPACES = ["cgroup", "ipc", "mnt", "net", "pid", "user", "uts"] as const;

needsRoot("run isolates", () => {
  const box = openBox();

  /** Which of the container's namespaces are the host's. */
  async function sharedWithHost(flags: readonly string[]): Promise<string[]> {
    const script = NAMESPACES.map((name) => `readlink /proc/self/ns/${name}`).join("; ");
    const links = (await box.sh(script, flags)).split("\n");
    return NAMESPACES.filter((name, i) => links[i] === readlinkSync(`/proc/self/ns/${name}`));
  }

  const shares: readonly (readonly [flags: readonly string[], shared: readonly string[]])[] = [
    [["--cgroupns", "private"], ["user"]],
    [
      ["--cgroupns", "host"],
      ["cgroup", "user"],
    ],
    [
      ["--cgroupns", "private", "--pid", "host"],
      ["pid", "user"],
    ],
    [
      ["--cgroupns", "private", "--ipc", "host"],
      ["ipc", "user"],
    ],
    [["--cgroupns", "private", "--ipc", "private"], ["user"]],
    [
      ["--cgroupns", "private", "--uts", "host"],
      ["user", "uts"],
    ],
    [
      ["--cgroupns", "private", "--network", "host"],
      ["net", "user"],
    ],
    [["--cgroupns", "private", "--network", "none"], ["user"]],
    [["--cgroupns", "private", "--userns", "host"], ["user"]],
  ];
  for (const [flags, shared] of shares) {
    test(`all namespaces but ${shared.join(", ")} with ${flags.join(" ")}`, async () => {
      expect(await sharedWithHost(flags)).toEqual([...shared]);
    });
  }

  test("no process of the host's from a container with --pid host", async () => {
    const script = `cat /proc/${process.pid}/comm; test $$ -gt 1 && echo not 1`;
    const comm = readFileSync("/proc/self/comm", "utf8").trim();
    expect(await box.sh(script, ["--pid", "host"])).toBe(`${comm}\nnot 1`);
  });

  test("its end: what it left running in the host's pid namespace ends with it", async () => {
    const outcome = await box.run(
      ["--pid", "host"],
      ["/bin/sh", "-c", "sleep 1000 >/dev/null 2>&1 & echo $!"],
    );
    expect(outcome.stderr).toBe("");
    expect(outcome.exitCode).toBe(0);
    expect(isProcessAlive(Number(outcome.stdout))).toBe(false);
  });

  test("nobody by a user id of the host's where there is no user namespace", async () => {
    expect((await box.sh("cat /proc/self/uid_map")).trim().split(/\s+/)).toEqual(
      readFileSync("/proc/self/uid_map", "utf8").trim().split(/\s+/),
    );
  });

  test("the network: nothing but a loopback that is up, with --network none", async () => {
    expect(await box.sh("ls /sys/class/net; ping -c 1 -W 1 127.0.0.1 >/dev/null && echo up")).toBe(
      "lo\nup",
    );
    expect(await box.sh("cat /proc/net/route | wc -l")).toBe("1");
  });

  test("the network not at all with --network host", async () => {
    const interfaces = readFileSync("/proc/net/dev", "utf8").match(/^ *\S+(?=:)/gm) ?? [];
    const inside = (await box.sh("ls /sys/class/net", ["--network", "host"])).split("\n");
    expect(inside.filter((name) => name !== "bonding_masters").sort()).toEqual(
      interfaces.map((name) => name.trim()).sort(),
    );
  });

  test("shared memory: a segment of the host's is not seen", async () => {
    expect(await box.sh("wc -l < /proc/sysvipc/shm")).toBe("1");
  });

  test("host names: one that is set inside stays inside", async () => {
    const before = readFileSync("/proc/sys/kernel/hostname", "utf8");
    expect(await box.sh("hostname inside && hostname", ["--cap-add", "SYS_ADMIN"])).toBe("inside");
    expect(readFileSync("/proc/sys/kernel/hostname", "utf8")).toBe(before);
  });

  test("mounts: one that is made inside is not seen outside, and the host's /proc is intact", async () => {
    const before = readFileSync("/proc/self/mountinfo", "utf8");
    const flags = ["--privileged", "-v", `${box.folder}:/host`];
    mkdirSync(box.path("target"));
    const script =
      "mount -t tmpfs inside /host/target && touch /host/target/file && ls /host/target";
    expect(await box.sh(script, flags)).toBe("file");
    expect(readFileSync("/proc/self/mountinfo", "utf8")).toBe(before);
    expect(statSync("/proc/self/exe").isFile()).toBe(true);
  });

  test("again: a second run finds everything as the first one did", async () => {
    const script = "cut -d' ' -f4,5,6 /proc/self/mountinfo | grep -v containers/";
    expect(await box.sh(script)).toBe(await box.sh(script));
  });

  test("/dev: nothing but the devices and links that every container has", async () => {
    const script = "cd /dev; for f in *; do stat -c '%n %F %a %t,%T' $f; done";
    expect((await box.sh(script)).split("\n")).toEqual([
      "fd symbolic link 777 0,0",
      "full character special file 666 1,7",
      "mqueue directory 1777 0,0",
      "null character special file 666 1,3",
      "ptmx symbolic link 777 0,0",
      "pts directory 755 0,0",
      "random character special file 666 1,8",
      "shm directory 1777 0,0",
      "stderr symbolic link 777 0,0",
      "stdin symbolic link 777 0,0",
      "stdout symbolic link 777 0,0",
      "tty character special file 666 5,0",
      "urandom character special file 666 1,9",
      "zero character special file 666 1,5",
    ]);
    expect(await box.sh("ls /dev/pts; readlink /dev/ptmx; readlink /dev/fd")).toBe(
      "ptmx\npts/ptmx\n/proc/self/fd",
    );
  });

  test("/dev: they work", async () => {
    const script =
      "echo gone > /dev/null && head -c 3 /dev/zero | wc -c && head -c 5 /dev/urandom | wc -c && " +
      "! echo x > /dev/full 2>/dev/null && echo a > /dev/shm/a && cat /dev/shm/a";
    expect(await box.sh(script)).toBe("3\n5\na");
  });

  test("/etc: hosts, hostname and resolv.conf are the container's own", async () => {
    const script = "hostname; cat /etc/hostname; cat /etc/hosts; echo mine >> /etc/hosts";
    const before = readFileSync("/etc/hosts", "utf8");
    const lines = (await box.sh(script, ["--hostname", "web"])).split("\n");
    expect(lines).toEqual([
      "web",
      "web",
      "127.0.0.1\tlocalhost web",
      "::1\tlocalhost ip6-localhost ip6-loopback web",
      "fe00::0\tip6-localnet",
      "ff00::0\tip6-mcastprefix",
      "ff02::1\tip6-allnodes",
      "ff02::2\tip6-allrouters",
    ]);
    expect(readFileSync("/etc/hosts", "utf8")).toBe(before);
    expect(await box.sh("cat /etc/resolv.conf")).toBe(
      readFileSync("/etc/resolv.conf", "utf8").trimEnd(),
    );
  });

  test("the rootfs is what it was, but for the places that mounts need", async () => {
    await box.sh("true", ["-v", `${box.folder}:/place/for/it`]);
    expect(readFileSync(`${box.rootfs}/etc/hosts`, "utf8")).toBe("");
    expect(statSync(`${box.rootfs}/place/for/it`).isDirectory()).toBe(true);
  });

  test("the host image: what is written there is gone, and the host has none of it", async () => {
    const script =
      "echo changed > /etc/hostname-of-test && rm /etc/debian_version && ls /etc | wc -l";
    const before = readFileSync("/etc/debian_version", "utf8");
    expect(Number(await box.hostSh(script))).toBeGreaterThan(10);
    expect(readFileSync("/etc/debian_version", "utf8")).toBe(before);
    expect(() => statSync("/etc/hostname-of-test")).toThrow("ENOENT");
    expect(await box.hostSh("cat /etc/debian_version")).toBe(before.trimEnd());
  });

  test("keyrings: the session's is a new one, and the caller's is not searched", async () => {
    const script = `perl -e '
      my ($new, $old) = map { syscall(250, 0, $_, 0) } (-3, -3);
      print "$new\\n"; open K, "/proc/keys"; print <K>'`;
    // Under the default filter keyctl(2) is refused; without it the ring is the container's own.
    const ring = await box.hostSh(script, ["--security-opt", "seccomp=unconfined"]);
    const outside = Bun.spawnSync(["perl", "-e", "print syscall(250, 0, -3, 0)"]);
    expect(Number(ring)).toBeGreaterThan(0);
    expect(ring).not.toBe(outside.stdout.toString());
  });

  test("keyrings: none is left of a container that has ended", async () => {
    const count = () => Number(/0: +(\d+)/.exec(readFileSync("/proc/key-users", "utf8"))?.[1]);
    const before = count();
    for (let i = 0; i < 5; i++) await box.sh("true");
    // Kernel: the keys of dead processes are collected a moment later.
    for (let tries = 0; tries < 50 && count() > before + 2; tries++) await Bun.sleep(100);
    expect(count()).toBeLessThanOrEqual(before + 2);
  });

  test("two containers from each other", async () => {
    const script = "echo secret > /tmp/$(hostname); echo up; read end";
    await using one = box.start(["run", "-i", "/bin/sh", "-c", script]);
    await nextLine(linesOf(one.child.stdout));
    expect(
      await box.hostSh("ls /tmp | grep -cxE '[0-9a-f]{12}'; ls -d /proc/[0-9]* | head -1"),
    ).toBe("0\n/proc/1");
    one.child.stdin.write("end\n");
    one.child.stdin.end();
    expect(await one.child.exited).toBe(0);
  });
});
