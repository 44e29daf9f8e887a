// `bunker info` and `bunker system info`.
import manifest from "../../../package.json" with { type: "json" };
import type { SystemInfo } from "../../engine/system/info.ts";
import { type Command, makeCommand } from "../command.ts";
import { formatBinary } from "../containers/usage-words.ts";
import { formatObject } from "../format/inspect.ts";
import { inspectFormatFlag } from "../format/format-flags.ts";
import type { Value } from "../format/template/values.ts";

export const infoCommand: Command = makeCommand<{ format: string | undefined }>({
  name: "info",
  summary: "Display system-wide information",
  usage: "[flags]",
  examples: [
    { does: "One field, for a script", line: "bunker info --format '{{.CgroupVersion}}'" },
  ],
  failureCode: 1,
  flags: { format: inspectFormatFlag },
  operands: { min: 0, max: 0 },
  interspersed: true,
  start: () => ({ format: undefined }),
  run: async ({ format }, _operands, context) => {
    const info = await (await context.engine.system()).readInfo();
    context.write(
      format ? await formatObject(describe(info), format, "system.dockerInfo") : formatText(info),
    );
    return 0;
  },
});

/** A hybrid has its controllers in v1. */
const CGROUP_VERSIONS: Readonly<Record<SystemInfo["cgroups"], string>> = {
  v1: "1",
  hybrid: "1",
  v2: "2",
  none: "",
};

const LOGS = ["json-file", "local", "none"];
const NETWORKS = ["bridge", "host", "ipvlan", "macvlan", "null"];

/** docker's object, as far as there is something to say. */
function describe(info: SystemInfo): Value {
  return {
    Containers: info.containers,
    ContainersRunning: info.running,
    ContainersPaused: info.paused,
    ContainersStopped: info.stopped,
    Images: info.images,
    Driver: storageDriver(info),
    DriverStatus: [],
    Plugins: { Volume: ["local"], Network: NETWORKS, Authorization: null, Log: LOGS },
    MemoryLimit: info.cgroups !== "none",
    PidsLimit: info.cgroups !== "none",
    IPv4Forwarding: info.forwardsIpv4,
    Debug: false,
    LoggingDriver: "json-file",
    CgroupDriver: info.cgroups === "none" ? "none" : "cgroupfs",
    CgroupVersion: CGROUP_VERSIONS[info.cgroups],
    KernelVersion: info.kernel,
    OperatingSystem: info.system,
    OSType: "linux",
    Architecture: info.architecture,
    IndexServerAddress: "https://index.docker.io/v1/",
    NCPU: info.cpus,
    MemTotal: info.memoryBytes,
    DockerRootDir: info.dataFolder,
    Name: info.name,
    Labels: [],
    ExperimentalBuild: false,
    ServerVersion: manifest.version,
    Runtimes: { bunker: { path: "bunker" } },
    DefaultRuntime: "bunker",
    Swarm: { LocalNodeState: "inactive" },
    LiveRestoreEnabled: true,
    InitBinary: "bunker",
    SecurityOptions: ["name=seccomp,profile=builtin", "name=cgroupns"],
    Warnings: null,
    ClientInfo: { Version: manifest.version, Context: "default", Debug: false },
  };
}

const storageDriver = ({ overlayProblem }: SystemInfo): string =>
  overlayProblem === undefined ? "overlay2" : "vfs";

/** docker's lines, without those of its daemon. */
function formatText(info: SystemInfo): string {
  const { overlayProblem } = info;
  const lines = [
    "Client:",
    ` Version:    ${manifest.version}`,
    " Context:    default",
    "",
    "Server: none, as there is no daemon",
    ` Containers: ${info.containers}`,
    `  Running: ${info.running}`,
    `  Paused: ${info.paused}`,
    `  Stopped: ${info.stopped}`,
    ` Images: ${info.images}`,
    ` Storage Driver: ${storageDriver(info)}`,
    ...(overlayProblem === undefined ? [] : [`  Without overlay: ${overlayProblem}`]),
    " Logging Driver: json-file",
    ` Cgroup Driver: ${info.cgroups === "none" ? "none" : "cgroupfs"}`,
    ` Cgroup Version: ${CGROUP_VERSIONS[info.cgroups]}`,
    " Plugins:",
    "  Volume: local",
    `  Network: ${NETWORKS.join(" ")}`,
    `  Log: ${LOGS.join(" ")}`,
    " Runtimes: bunker",
    " Default Runtime: bunker",
    " Security Options:",
    "  seccomp",
    "   Profile: builtin",
    "  cgroupns",
    ` Kernel Version: ${info.kernel}`,
    ` Operating System: ${info.system}`,
    " OSType: linux",
    ` Architecture: ${info.architecture}`,
    ` CPUs: ${info.cpus}`,
    ` Total Memory: ${formatBinary(info.memoryBytes)}`,
    ` Name: ${info.name}`,
    ` Docker Root Dir: ${info.dataFolder}`,
  ];
  return `${lines.join("\n")}\n`;
}
