// `bunker run`'s command line as the engine's options.
import { describe, expect, test } from "bun:test";
import type { RunOptions } from "../../src/engine/run-options.ts";
import { parseRun } from "../../src/cli/run.ts";
import { refusalOf } from "./tables.ts";
import { makeWorld } from "./world.ts";

const world = makeWorld({
  "/rootfs/": "",
  "/home/me/rootfs/": "",
  "/data/": "",
  "/dev/fuse": "",
  "/sys/devices/system/cpu/online": "0-1\n",
  "/p.json": "{}",
  "/old.cid": "abc",
  "/env": "A=file\nB=file\nTERM\nMISSING\n",
  "/labels": "a=file\nb\n",
  "/bad": "=x\n",
});

function parse(line: string): RunOptions {
  const options = parseRun(line === "" ? [] : line.split(" "), world);
  if (options === undefined) throw new Error("asked for help");
  return options;
}

/** The options of `FLAGS /bin/true`. */
const withFlags = (flags: string) => parse(`${flags} /bin/true`);

const noNetworking = {
  networks: [],
  publish: [],
  publishAll: false,
  expose: [],
  dns: [],
  dnsSearch: [],
  dnsOptions: [],
  addHosts: [],
};

/** Where it cannot be had a container does without. */
const USUAL = { name: "bridge", aliases: [], linkLocal: [], isUsual: true };

test("without flags everything is docker's default, in a private sandbox in the bridge", () => {
  expect(parse("/bin/sh -c x")).toEqual({
    root: { kind: "host" },
    command: ["/bin/sh", "-c", "x"],
    env: [],
    groupAdd: [],
    readonlyRootfs: false,
    mounts: [],
    devices: [],
    ulimits: [],
    sysctls: {},
    init: false,
    interactive: false,
    tty: false,
    detach: false,
    remove: false,
    pid: { kind: "private" },
    ipc: { kind: "private" },
    uts: { kind: "private" },
    userns: { kind: "host" },
    cgroupns: { kind: "private" },
    network: { kind: "private" },
    networking: { ...noNetworking, networks: [USUAL] },
    shmSizeBytes: 67108864,
    resources: {},
    security: {
      privileged: false,
      capAdd: [],
      capDrop: [],
      noNewPrivileges: false,
      seccomp: "default",
      systempathsUnconfined: false,
    },
    annotations: {},
    labels: {},
    noPivot: false,
    trace: false,
    performer: "agent",
  });
});

describe("the operands say where the root file system comes from", () => {
  const rows: [line: string, root: RunOptions["root"], command: string[]][] = [
    ["/bin/sh", { kind: "host" }, ["/bin/sh"]],
    ["./a b", { kind: "host" }, ["./a", "b"]],
    ["debian", { kind: "image", reference: "debian" }, []],
    ["debian:12 ls -l", { kind: "image", reference: "debian:12" }, ["ls", "-l"]],
    ["--rootfs /rootfs ls -l", { kind: "rootfs", path: "/rootfs" }, ["ls", "-l"]],
    ["--rootfs rootfs /bin/sh", { kind: "rootfs", path: "/home/me/rootfs" }, ["/bin/sh"]],
    ["--rootfs rootfs", { kind: "rootfs", path: "/home/me/rootfs" }, []],
    ["--rootfs / sh", { kind: "rootfs", path: "/" }, ["sh"]],
    ["--rootfs /rootfs --entrypoint sh", { kind: "rootfs", path: "/rootfs" }, []],
    ["-- debian --rm", { kind: "image", reference: "debian" }, ["--rm"]],
  ];
  for (const [line, root, command] of rows) {
    test(`'${line}'`, () => {
      const options = parse(line);
      expect(options.root).toEqual(root);
      expect(options.command).toEqual(command);
    });
  }
});

describe("each flag has its place in the options", () => {
  const rows: [flags: string, options: Partial<RunOptions>][] = [
    ["--name web", { name: "web" }],
    ["-h box", { hostname: "box" }],
    ["--domainname example.org", { domainname: "example.org" }],
    ["--rm", { remove: true }],
    ["-it", { interactive: true, tty: true }],
    ["--cidfile id --pidfile /run/pid", { cidfile: "/home/me/id", pidfile: "/run/pid" }],
    ["-e A=b -e HOME -e MISSING", { env: ["A=b", "HOME=/root"] }],
    ["-e A=cli --env-file /env", { env: ["A=file", "B=file", "TERM=xterm", "A=cli"] }],
    ["-w /a/../b", { workdir: "/b" }],
    [
      "-u 1000:adm --group-add audio",
      { user: { user: "1000", group: "adm" }, groupAdd: ["audio"] },
    ],
    ["-u 1 --user=", { user: { user: "1" } }],
    ["--entrypoint sh", { entrypoint: ["sh"] }],
    ["--entrypoint sh --entrypoint=", { entrypoint: [] }],
    ["--init --stop-signal int", { init: true, stopSignal: "SIGINT" }],
    ["--ulimit core=0", { ulimits: [{ type: "RLIMIT_CORE", soft: 0, hard: 0 }] }],
    ["--read-only --shm-size 1m", { readonlyRootfs: true, shmSizeBytes: 1048576 }],
    ["--tmpfs /t", { mounts: [{ type: "tmpfs", target: "/t", options: [] }] }],
    [
      "--device /dev/fuse:r",
      { devices: [{ hostPath: "/dev/fuse", containerPath: "/dev/fuse", access: "r" }] },
    ],
    ["--network host", { network: { kind: "host" } }],
    ["--net container:a --net=", { network: { kind: "container", id: "a" } }],
    [
      "--network app --network-alias www --ip 10.9.0.5 --network name=db,alias=sql,ip=10.8.0.5",
      {
        network: { kind: "private" },
        networking: {
          ...noNetworking,
          networks: [
            { name: "app", aliases: ["www"], linkLocal: [], ip: "10.9.0.5" },
            { name: "db", aliases: ["sql"], linkLocal: [], ip: "10.8.0.5" },
          ],
        },
      },
    ],
    [
      "-p 8080:80",
      {
        network: { kind: "private" },
        networking: {
          ...noNetworking,
          networks: [{ name: "bridge", aliases: [], linkLocal: [] }],
          publish: [
            { protocol: "tcp", hostIp: "", hostPort: 8080, hostPortLast: 8080, containerPort: 80 },
          ],
        },
      },
    ],
    ["--network host -p 80", { network: { kind: "host" }, networking: noNetworking }],
    [
      "--dns 9.9.9.9 --dns-search a.b --dns-opt ndots:1 --add-host db:10.0.0.1",
      {
        networking: {
          ...noNetworking,
          networks: [USUAL],
          dns: ["9.9.9.9"],
          dnsSearch: ["a.b"],
          dnsOptions: ["ndots:1"],
          addHosts: [{ name: "db", address: "10.0.0.1" }],
        },
      },
    ],
    ["--pid host --ipc shareable", { pid: { kind: "host" }, ipc: { kind: "shareable" } }],
    ["--uts host --userns auto", { uts: { kind: "host" }, userns: { kind: "auto" } }],
    ["--cgroupns host", { cgroupns: { kind: "host" } }],
    ["--sysctl net.a=1 --sysctl net.a=2", { sysctls: { "net.a": "2" } }],
    ["-m 64m", { resources: { memoryBytes: 67108864 } }],
    ["-m 0", { resources: {} }],
    [
      "-m 64m --memory-swap -1 --memory-reservation 32m",
      {
        resources: {
          memoryBytes: 67108864,
          memorySwapBytes: "unlimited",
          memoryReservationBytes: 33554432,
        },
      },
    ],
    ["--memory-swappiness -1", { resources: {} }],
    ["--memory-swappiness 0", { resources: { memorySwappiness: 0 } }],
    [
      "--oom-kill-disable --oom-score-adj -5",
      { oomScoreAdj: -5, resources: { oomKillDisable: true } },
    ],
    ["--pids-limit 20", { resources: { pidsLimit: 20 } }],
    ["--pids-limit -1", { resources: { pidsLimit: "unlimited" } }],
    ["--pids-limit 0", { resources: { pidsLimit: "unlimited" } }],
    ["--cpus 1.5", { resources: { cpus: 1.5 } }],
    ["--cpus 2", { resources: { cpus: 2 } }],
    ["-c 512", { resources: { cpuShares: 512 } }],
    [
      "--cpu-period 100000 --cpu-quota 5000",
      { resources: { cpuPeriodUs: 100000, cpuQuotaUs: 5000 } },
    ],
    ["--cpu-quota -1", { resources: { cpuQuotaUs: -1 } }],
    ["--cpuset-cpus 0-1 --cpuset-mems 0", { resources: { cpusetCpus: "0-1", cpusetMems: "0" } }],
    ["--blkio-weight 300", { resources: { blkioWeight: 300 } }],
    ["--blkio-weight 0", { resources: {} }],
    [
      "--device-read-bps /dev/a:1k --device-read-bps /dev/b:2k",
      {
        resources: {
          deviceReadBps: [
            { path: "/dev/a", rate: 1024 },
            { path: "/dev/b", rate: 2048 },
          ],
        },
      },
    ],
    [
      "--device-write-bps /dev/a:1",
      { resources: { deviceWriteBps: [{ path: "/dev/a", rate: 1 }] } },
    ],
    [
      "--device-read-iops /dev/a:1",
      { resources: { deviceReadIops: [{ path: "/dev/a", rate: 1 }] } },
    ],
    [
      "--device-write-iops /dev/a:1",
      { resources: { deviceWriteIops: [{ path: "/dev/a", rate: 1 }] } },
    ],
    [
      "--blkio-weight-device /dev/a:100",
      { resources: { blkioWeightDevice: [{ path: "/dev/a", weight: 100 }] } },
    ],
    [
      "--cpu-rt-period 1000000 --cpu-rt-runtime 950000",
      { resources: { cpuRealtimePeriodUs: 1000000, cpuRealtimeRuntimeUs: 950000 } },
    ],
    ["--runtime runc --volume-driver local", {}],
    ["--cgroup-parent /x", { cgroupParent: "/x" }],
    ["-l a=cli --label-file /labels", { labels: { a: "cli", b: "" } }],
    ["--annotation a=b", { annotations: { a: "b" } }],
    [
      "--no-pivot --trace --performer process",
      { noPivot: true, trace: true, performer: "process" },
    ],
  ];
  for (const [flags, expected] of rows) {
    test(`'${flags}'`, () => {
      expect(withFlags(flags)).toMatchObject(expected);
      if (expected.resources) expect(withFlags(flags).resources).toEqual(expected.resources);
    });
  }
});

test("a rule of devices is a type, two numbers and what may be done", () => {
  const rules = ["c 1:3 rwm", "b *:* r", "a *:7 m"].flatMap((rule) => [
    "--device-cgroup-rule",
    rule,
  ]);
  expect(parseRun([...rules, "/x"], world)?.deviceRules).toEqual([
    { type: "c", major: 1, minor: 3, access: "rwm" },
    { type: "b", access: "r" },
    { type: "a", minor: 7, access: "m" },
  ]);
  const refusal = refusalOf(() => parseRun(["--device-cgroup-rule", "c 1:3", "/x"], world));
  expect(refusal.message).toContain("invalid device cgroup format 'c 1:3'");
});

test("the network with the highest priority has the default route, whatever the order", () => {
  const named = "--network a --network name=b,gw-priority=2 --network name=c,gw-priority=-1";
  const names = withFlags(named).networking?.networks.map(({ name }) => name);
  expect(names).toEqual(["b", "a", "c"]);
});

test("the environment may name the network of who names none", () => {
  const usual = (network: string, flags = ""): [kind: string, names: string[] | undefined] => {
    const env = { ...world.env, BUNKER_NETWORK: network };
    const options = parseRun([...flags.split(" ").filter(Boolean), "/x"], { ...world, env });
    return [options?.network.kind ?? "", options?.networking?.networks.map(({ name }) => name)];
  };
  expect(usual("bridge")).toEqual(["private", ["bridge"]]);
  expect(usual("app", "-p 80 --dns 1.1.1.1")).toEqual(["private", ["app"]]);
  expect(usual("host")).toEqual(["host", undefined]);
  expect(usual("bridge", "--network none")).toEqual(["none", undefined]);
  expect(usual("bridge", "--network own")).toEqual(["private", ["own"]]);
  expect(usual("none")).toEqual(["none", undefined]);
  expect(usual("")).toEqual(["private", ["bridge"]]);
  for (const nothing of ["", "none"]) {
    expect(usual(nothing, "-p 80")).toEqual(["private", ["bridge"]]);
    expect(usual(nothing, "--network none")).toEqual(["none", undefined]);
    expect(usual(nothing, "--network host")).toEqual(["host", undefined]);
  }
});

test("the bridge can be done without only where nobody has asked for a network", () => {
  const canBeLeft = (flags: string, network?: string): boolean => {
    const env = network === undefined ? world.env : { ...world.env, BUNKER_NETWORK: network };
    const options = parseRun([...flags.split(" ").filter(Boolean), "/x"], { ...world, env });
    return options?.networking?.networks.some(({ isUsual }) => isUsual) ?? false;
  };
  for (const flags of ["", "--dns 1.1.1.1", "--expose 80", "--add-host a:192.0.2.1"]) {
    expect([flags, canBeLeft(flags)]).toEqual([flags, true]);
  }
  for (const flags of ["--network bridge", "-p 80", "-P", "--ip 192.0.2.9", "--network app"]) {
    expect([flags, canBeLeft(flags)]).toEqual([flags, false]);
  }
  expect(canBeLeft("", "bridge")).toBe(false);
});

test("a label called __proto__ is a label", () => {
  expect(Object.entries(withFlags("-l __proto__=x").labels)).toEqual([["__proto__", "x"]]);
});

describe("security flags", () => {
  const rows: [flags: string, security: Partial<RunOptions["security"]>][] = [
    ["--privileged", { privileged: true }],
    ["--cap-add SYS_ADMIN --cap-drop ALL", { capAdd: ["SYS_ADMIN"], capDrop: ["ALL"] }],
    ["--security-opt no-new-privileges", { noNewPrivileges: true }],
    ["--security-opt seccomp=unconfined", { seccomp: "unconfined" }],
    ["--security-opt seccomp=../../p.json", { seccomp: "/p.json" }],
    ["--security-opt apparmor=unconfined", { apparmor: "unconfined" }],
    ["--security-opt systempaths=unconfined", { systempathsUnconfined: true }],
  ];
  for (const [flags, security] of rows) {
    test(`'${flags}'`, () => expect(withFlags(flags).security).toMatchObject(security));
  }
});

test("mounts of all three flags keep the order in which they were given", () => {
  const { mounts } = withFlags("--tmpfs /a -v /x:/b --mount type=bind,src=/data,dst=/c --tmpfs /d");
  expect(mounts.map((mount) => mount.target)).toEqual(["/a", "/b", "/c", "/d"]);
});

describe("what cannot be is refused in one line", () => {
  const rows: [line: string, message: string, hint?: string][] = [
    ["--memory abc /x", 'invalid argument "abc" for "-m, --memory" flag: invalid size: \'abc\''],
    ["-m 4m /x", "memory limit must be at least 6 MiB: got 4 MiB"],
    ["-m -1 /x", 'invalid argument "-1" for "-m, --memory" flag: invalid size: \'-1\''],
    ["--memory-reservation 1m /x", "memory reservation must be at least 6 MiB: got 1 MiB"],
    [
      "-m 64m --memory-swap 32m /x",
      "memory plus swap must be at least the memory limit, 64 MiB: got 32 MiB",
    ],
    ["--memory-swap 64m /x", "--memory-swap needs a memory limit", "add --memory"],
    [
      "-m 64m --memory-reservation 65m /x",
      "memory reservation must be at most the memory limit, 64 MiB: got 65 MiB",
    ],
    ["--memory-swappiness 101 /x", "memory swappiness must be between 0 and 100: got 101"],
    ["--oom-score-adj 1001 /x", "oom score adjustment must be between -1000 and 1000: got 1001"],
    ["--blkio-weight 5 /x", "block IO weight must be between 10 and 1000: got 5"],
    ["--pids-limit -2 /x", "pids limit must be at least 1: got -2"],
    [
      "--cpus 0 /x",
      "cpus must be between 0.01 and 2: got 0",
      "this host has 2 CPUs; leave --cpus away for no limit",
    ],
    ["--cpus 1000 /x", "cpus must be between 0.01 and 2: got 1000"],
    ["--cpus -1 /x", "cpus must be between 0.01 and 2: got -1"],
    [
      "--cpus abc /x",
      'invalid argument "abc" for "--cpus" flag: failed to parse abc as a rational number',
    ],
    ["-c 1 /x", "cpu shares must be between 2 and 262144: got 1"],
    ["--cpu-period 999 /x", "cpu period must be between 1000 and 1000000 us: got 999"],
    ["--cpu-quota 999 /x", "cpu quota must be at least 1000 us: got 999"],
    [
      "--network host --sysctl net.a=1 /x",
      "sysctl 'net.a' is not allowed in the host's network namespace",
    ],
    [
      "--ipc host --sysctl kernel.sem=1 /x",
      "sysctl 'kernel.sem' is not allowed in the host's ipc namespace",
    ],
    ["--tmpfs /a -v /x:/a /x", "duplicate mount point: /a"],
    [
      "--mount type=bind,src=/nope,dst=/a /x",
      'invalid mount config for type "bind": bind source path does not exist: /nope',
      "-v makes a missing source folder",
    ],
    ["--device /dev/nope /x", 'device does not exist: "/dev/nope"'],
    [
      "--security-opt seccomp=/nope /x",
      "opening seccomp profile (/nope) failed: open /nope: no such file or directory",
    ],
    [
      "--cidfile /old.cid /x",
      "container ID file found, make sure the other container isn't running or delete /old.cid",
    ],
    ["--env-file /nope /x", "open /nope: no such file or directory"],
    ["--env-file /data /x", "invalid env file (/data): read /data: is a directory"],
    ["--label-file /bad /x", "invalid env file (/bad): no variable name on line '=x'"],
    [
      "-w rel /x",
      'invalid argument "rel" for "-w, --workdir" flag: the working directory \'rel\' is invalid, it needs to be an absolute path',
    ],
    ["--performer me /x", 'invalid argument "me" for "--performer" flag: must be agent or process'],
    ["--rootfs= sh", 'invalid argument "" for "--rootfs" flag: a folder is needed'],
    [
      "--link a /x",
      "--link is not supported: containers of a network find each other by name; use --network and --network-alias",
    ],
    [
      "--runtime kata /x",
      'invalid argument "kata" for "--runtime" flag: unknown or invalid runtime name: kata',
    ],
    [
      "--gpus all /x",
      "--gpus is not supported: nothing here selects GPUs; give their device nodes with --device",
    ],
    [
      "--volume-driver nfs /x",
      'invalid argument "nfs" for "--volume-driver" flag: volume driver "nfs" is not there',
    ],
    [
      "--blkio-weight-device /dev/a:5 /x",
      'invalid argument "/dev/a:5" for "--blkio-weight-device" flag: invalid weight for device: /dev/a:5',
    ],
    [
      "--cpu-rt-period 10 --cpu-rt-runtime 20 /x",
      "cpu real-time runtime cannot be higher than cpu real-time period",
    ],
    [
      "--network name=a,driver-opt=x=y /x",
      'invalid argument "name=a,driver-opt=x=y" for "--network" flag: a container\'s link has no options',
    ],
    [
      "--network none --network app /x",
      "conflicting options: cannot attach both user-defined and non-user-defined network-modes",
    ],
    [
      "--network container:a -p 80 /x",
      "conflicting options: port publishing and the container type network mode",
    ],
    ["--cpuset-cpus 0,1-9 /x", "CPU 2 is not available: this host has 0-1, got 0,1-9"],
    [
      "--memmory 5m /x",
      "unknown flag: --memmory",
      "did you mean --memory? see 'bunker run --help'",
    ],
  ];
  for (const [line, message, hint] of rows) {
    test(`'${line}'`, () => {
      const refusal = refusalOf(() => parse(line));
      expect(refusal.message).toBe(message);
      expect(refusal.exitCode).toBe(125);
      if (hint !== undefined) expect(refusal.hint).toBe(hint);
    });
  }
});

test("no operand at all has docker's exit code 1, and an empty image is refused", () => {
  const refusal = refusalOf(() => parse("--rm"));
  expect(refusal.message).toBe("'bunker run' requires at least 1 argument");
  expect(refusal.exitCode).toBe(1);
  expect(refusalOf(() => parseRun([""], world)).message).toBe("invalid reference format");
});

test("--help asks for help, whatever else is missing", () => {
  expect(parseRun(["--rootfs", "/nope", "--help"], world)).toBeUndefined();
});
