// What a process of a config.json is besides its program, and devices that are not the usual ones.

import { expect, test } from "bun:test";
import { readFileSync, statSync, writeFileSync } from "node:fs";
import { needsRoot } from "../harness/tier.ts";
import type { Process, Spec } from "../../src/oci/spec.ts";
import { DETACHED, openOciBox } from "./oci-box.ts";

needsRoot("oci: the process of a config.json", () => {
  const box = openOciBox();
  let runs = 0;

  const withProcess =
    (process: Partial<Process>) =>
    (spec: Spec): Spec =>
      spec.process === undefined ? spec : { ...spec, process: { ...spec.process, ...process } };
  const withLinux =
    (linux: Spec["linux"]) =>
    (spec: Spec): Spec => ({ ...spec, linux: { ...spec.linux, ...linux } });

  async function run(script: string, change: (spec: Spec) => Spec): Promise<string> {
    runs += 1;
    const bundle = box.bundle(script, change);
    return (await box.ok(["run", "--bundle", bundle, `process-${runs}`])).trimEnd();
  }

  async function refusal(change: (spec: Spec) => Spec): Promise<string> {
    runs += 1;
    return box.refusal(["run", "--bundle", box.bundle("true", change), `process-${runs}`]);
  }

  test("personality LINUX32 shows a 32-bit machine, in exec as well", async () => {
    const personality = withLinux({ personality: { domain: "LINUX32" } });
    const machine = await run("uname -m", personality);
    expect(machine).not.toBe(await run("uname -m", (spec) => spec));
    await box.start("old", "sleep 600", personality);
    expect(await box.ok(["exec", "old", "uname", "-m"])).toBe(`${machine}\n`);
    await box.ok(["delete", "-f", "old"]);
  });

  test("who is not root may open /dev/stdout where that is a pipe, in exec as well", async () => {
    const user = withProcess({ user: { uid: 33, gid: 33 } });
    // What the tests give is a socket, which nobody can open.
    const piped = { prefix: ["sh", "-c", '"$@" | cat', "sh"] };
    const script = "echo said > /dev/stdout";
    const bundle = box.bundle(script, user);
    expect(await box.ok(["run", "--bundle", bundle, "piped"], piped)).toBe("said\n");
    await box.start("www", "sleep 600", user);
    expect(await box.ok(["exec", "www", "sh", "-c", script], piped)).toBe("said\n");
    await box.ok(["delete", "-f", "www"]);
  });

  test("the file that stdout was led to stays its caller's", async () => {
    const path = box.box.path("stdout");
    const bundle = box.bundle("id -u", withProcess({ user: { uid: 33, gid: 33 } }));
    const prefix = ["sh", "-c", `exec "$@" > ${path}`, "sh"];
    await box.ok(["run", "--bundle", bundle, "led"], { prefix });
    expect([readFileSync(path, "utf8"), statSync(path).uid]).toEqual(["33\n", 0]);
  });

  test("exec is as likely a victim of the OOM killer as the container", async () => {
    await box.start("victim", "sleep 600", withProcess({ oomScoreAdj: 700 }));
    const command = ["exec", "victim", "cat", "/proc/self/oom_score_adj"];
    expect(await box.ok(command)).toBe("700\n");
    expect(await box.ok(command)).toBe("700\n");
    await box.ok(["delete", "-f", "victim"]);
  });

  test.each([
    ["/bin", 'exec: "/bin": permission denied'],
    ["", 'exec: "": executable file not found in $PATH'],
    ["./nope", 'exec: "./nope": stat ./nope: no such file or directory'],
  ])("create refuses the program %j", async (program, message) => {
    runs += 1;
    const bundle = box.bundle("true", withProcess({ args: [program] }));
    const said = await box.refusal(["create", "--bundle", bundle, `process-${runs}`]);
    expect(said).toEndWith(`unable to start container process: ${message}`);
  });

  test("I/O priority and scheduling policy are the process's, and exec's own", async () => {
    const scheduler = { policy: "SCHED_BATCH", nice: 7 } as const;
    const ioPriority = { class: "IOPRIO_CLASS_BE", priority: 4 } as const;
    const change = withProcess({ scheduler, ioPriority });
    // Field 41 of stat is the policy, 19 the niceness. proc(5)
    const show = "ionice; cut -d ' ' -f 19,41 /proc/self/stat";
    expect(await run(show, change)).toBe("best-effort: prio 4\n7 3");
    await box.start("ranked", "sleep 600", change);
    expect(await box.ok(["exec", "ranked", "sh", "-c", show])).toBe("best-effort: prio 4\n7 3\n");
    const file = box.box.path("process.json");
    writeFileSync(
      file,
      JSON.stringify({
        cwd: "/",
        args: ["sh", "-c", show],
        ioPriority: { class: "IOPRIO_CLASS_IDLE" },
        scheduler: { policy: "SCHED_IDLE" },
      }),
    );
    expect(await box.ok(["exec", "--process", file, "ranked"])).toBe("idle\n0 5\n");
    await box.ok(["delete", "-f", "ranked"]);
  });

  // Where there is one cpu, it is all of them.
  const haveSeveral = navigator.hardwareConcurrency > 1;
  test.skipIf(!haveSeveral)("a deadline policy cannot be had on some cpus only", async () => {
    const scheduler = {
      policy: "SCHED_DEADLINE",
      runtime: 42000,
      deadline: 1000000,
      period: 1000000,
    } as const;
    const change = (spec: Spec): Spec =>
      withLinux({ resources: { cpu: { cpus: "0" } } })(withProcess({ scheduler })(spec));
    expect(await refusal(change)).toContain(
      "error during container init: process scheduler can't be used together with AllowedCPUs: sched_setattr: EPERM",
    );
  });

  test("memory comes from the nodes that the policy says", async () => {
    const memoryPolicy = { mode: "MPOL_BIND", nodes: "0", flags: ["MPOL_F_STATIC_NODES"] } as const;
    const text = await run("head -n 1 /proc/self/numa_maps", withLinux({ memoryPolicy }));
    expect(text).toContain(" bind=static:0 ");
  });

  test("capabilities that are unknown or cannot be raised are told of, and left out", async () => {
    const capabilities = {
      bounding: ["CAP_KILL", "CAP_CHOWN", "CAP_UNKNOWN"],
      permitted: ["CAP_KILL"],
      inheritable: ["CAP_KILL", "CAP_CHOWN"],
      ambient: ["CAP_KILL", "CAP_CHOWN"],
    };
    const user = { uid: 1000, gid: 1000 };
    const bundle = box.bundle("grep Cap /proc/self/status", withProcess({ capabilities, user }));
    const { stdout, stderr } = await box.oci(["run", "--bundle", bundle, "capable"]);
    expect(stdout.split(/\s+/).filter((word) => /^[0-9a-f]{16}$/.test(word))).toEqual([
      "0000000000000021",
      "0000000000000020",
      "0000000000000020",
      "0000000000000021",
      "0000000000000020",
    ]);
    expect(stderr).toContain("ignoring unknown or unavailable capabilities: [CAP_UNKNOWN]");
    expect(stderr).toContain("can't raise ambient capability CAP_CHOWN: ");
    expect(stderr).not.toContain("CAP_KILL");
  });

  test("umask and groups are those of the user", async () => {
    const user = { uid: 5, gid: 6, umask: 0o27, additionalGids: [7, 8] };
    const text = await run("umask; id -G; id -u", withProcess({ user }));
    expect(text).toBe("0027\n6 7 8\n5");
  });

  test("devices have the type, the owner and the permissions that they are given", async () => {
    const text = await run(
      "stat -c '%F %a %u:%g %t:%T' /dev/pipe /dev/sub/loop /dev/own; ls -l /dev/ptmx | grep -o 'pts.*'",
      withLinux({
        devices: [
          { path: "/dev/pipe", type: "p", major: 0, minor: 0, fileMode: 0o600, uid: 1, gid: 2 },
          { path: "/dev/sub/loop", type: "b", major: 7, minor: 300, fileMode: 0o660 },
          { path: "/dev/own", type: "u", major: 1, minor: 3 },
          { path: "/dev/ptmx", type: "c", major: 5, minor: 2 },
        ],
        resources: { devices: [{ allow: true, access: "rwm" }] },
      }),
    );
    expect(text.split("\n")).toEqual([
      "fifo 600 1:2 0:0",
      "block special file 660 0:0 7:12c",
      "character special file 666 0:0 1:3",
      "pts/ptmx",
    ]);
  });

  test("a network device of the host's moves in, with its address", async () => {
    const name = `bnk${process.pid % 100000}`;
    const ip = (...args: string[]) => Bun.$`ip ${args}`.quiet().nothrow();
    const made = await ip("link", "add", name, "type", "veth", "peer", "name", `${name}p`);
    if (made.exitCode !== 0) return;
    try {
      await ip("address", "add", "169.254.169.77/32", "dev", name);
      await ip("link", "set", "dev", name, "mtu", "1400");
      const netDevices = { [name]: { name: "inside0" } };
      const text = await run("ip address show dev inside0", withLinux({ netDevices }));
      expect(text).toMatch(/UP.* mtu 1400 /);
      expect(text).toContain("inet 169.254.169.77/32 scope global inside0");
      expect(await refusal(withLinux({ netDevices: { none0: {} } }))).toContain(
        "move netDevice none0 to namespace of pid ",
      );
    } finally {
      await ip("link", "del", `${name}p`);
    }
  });

  test.each([
    [
      withProcess({ apparmorProfile: "x" }),
      "apparmor: config provided but apparmor not supported",
      "/sys/module/apparmor/parameters/enabled",
    ],
    [
      withProcess({ selinuxLabel: "x" }),
      "selinux is disabled or not supported",
      "/sys/fs/selinux/enforce",
    ],
    [
      withLinux({ mountLabel: "x" }),
      "selinux is disabled or not supported",
      "/sys/fs/selinux/enforce",
    ],
    [withLinux({ intelRdt: {} }), "Intel RDT is not enabled", "/sys/fs/resctrl/schemata"],
  ])("what this kernel lacks is refused (%#)", async (change, message, there) => {
    if (await Bun.file(there).exists()) return;
    expect(await refusal(change)).toContain(message);
  });

  test("an AppArmor profile is the program's, where the kernel has any", async () => {
    if (!(await Bun.file("/sys/module/apparmor/parameters/enabled").exists())) return;
    const unconfined = withProcess({ apparmorProfile: "unconfined" });
    expect(await run("cat /proc/self/attr/current", unconfined)).toBe("unconfined");
    expect(await refusal(withProcess({ apparmorProfile: "no-such-profile" }))).toContain(
      "unable to apply apparmor profile: apparmor failed to apply profile: write ",
    );
  });

  test("sysctls of the host's own network namespace are the host's", async () => {
    const path = `/proc/${process.pid}/ns/net`;
    const change = (spec: Spec): Spec => ({
      ...spec,
      linux: {
        ...spec.linux,
        namespaces: (spec.linux?.namespaces ?? []).map((namespace) =>
          namespace.type === "network" ? { ...namespace, path } : namespace,
        ),
        sysctl: { "net.ipv4.ip_forward": "0" },
      },
    });
    expect(await refusal(change)).toBe(
      'bunker oci run failed: sysctl "net.ipv4.ip_forward" not allowed in host network namespace',
    );
  });

  test("namespaces are joined by their paths", async () => {
    await box.start("host", "hostname inner; mkdir /dev/shm/mark; exec sleep 600");
    const { pid } = JSON.parse(await box.ok(["state", "host"]));
    const change = (spec: Spec): Spec => ({
      ...spec,
      hostname: "",
      linux: {
        ...spec.linux,
        namespaces: [
          { type: "mount" },
          { type: "pid", path: `/proc/${pid}/ns/pid` },
          { type: "uts", path: `/proc/${pid}/ns/uts` },
          { type: "ipc", path: `/proc/${pid}/ns/ipc` },
          { type: "network", path: `/proc/${pid}/ns/net` },
        ],
      },
    });
    const script = "cat /proc/1/cmdline; readlink /proc/self/ns/ipc; readlink /proc/self/ns/net";
    const text = await run(script, change);
    const own = await box.ok(["exec", "host", "sh", "-c", script]);
    expect(text).toBe(own.trimEnd());
    await box.ok(["delete", "-f", "host"]);
  });

  test("a create with features that fails leaves no process behind", async () => {
    const bundle = box.bundle("true", (spec) => ({
      ...withProcess({ scheduler: { policy: "SCHED_FIFO", priority: 200 } })(spec),
      linux: { ...spec.linux, cgroupsPath: `${box.cgroup}/failed` },
    }));
    const { exitCode } = await box.oci(["create", "--bundle", bundle, "failed"], DETACHED);
    expect(exitCode).toBe(1);
    expect(await box.refusal(["state", "failed"])).toBe("container does not exist");
  });
});
