// What this machine is and has, for `info`.

import { hostname, totalmem } from "node:os";
import { detectCgroups } from "../../../cgroups/detect.ts";
import type { CgroupManager } from "../../../cgroups/manager.ts";
import { readTextIfThere } from "../../../ffi/files.ts";
import { thisPlatform } from "../../image/platform.ts";
import { listContainers } from "../containers/list.ts";
import { dataFolder } from "../data-folder.ts";
import { openStore } from "../images/open-store.ts";
import { runFolder } from "../run-folder.ts";
import { findOverlayProblem } from "../storage/overlay-support.ts";

export interface SystemInfo {
  readonly containers: number;
  readonly running: number;
  readonly paused: number;
  readonly stopped: number;
  readonly images: number;
  readonly dataFolder: string;
  /** Why images are copied for each container; undefined where their layers are shared. */
  readonly overlayProblem: string | undefined;
  readonly cgroups: CgroupManager["mode"];
  readonly kernel: string;
  /** `Debian GNU/Linux 12 (bookworm)` */
  readonly system: string;
  readonly architecture: string;
  readonly cpus: number;
  readonly memoryBytes: number;
  readonly name: string;
  readonly forwardsIpv4: boolean;
}

export async function readInfo(): Promise<SystemInfo> {
  const states = (await listContainers()).map(({ status }) => status);
  const [running, paused] = ["running", "paused"].map(
    (state) => states.filter((each) => each === state).length,
  );
  using store = openStore();
  const data = dataFolder(process.env);
  return {
    containers: states.length,
    running: running ?? 0,
    paused: paused ?? 0,
    stopped: states.length - (running ?? 0) - (paused ?? 0),
    images: store.list().length,
    dataFolder: data,
    overlayProblem: findOverlayProblem(data, runFolder(process.env)),
    cgroups: detectCgroups().mode,
    kernel: readLine("/proc/sys/kernel/osrelease"),
    system: readSystemName(),
    architecture: MACHINES[process.arch] ?? thisPlatform().architecture,
    cpus: navigator.hardwareConcurrency,
    memoryBytes: totalmem(),
    name: hostname(),
    forwardsIpv4: readLine("/proc/sys/net/ipv4/ip_forward") === "1",
  };
}

/** As uname(2) has them. */
const MACHINES: Readonly<Record<string, string>> = { x64: "x86_64", arm64: "aarch64" };

const readLine = (path: string): string => (readTextIfThere(path) ?? "").trim();

/** os-release(5) */
function readSystemName(): string {
  const text = readTextIfThere("/etc/os-release") ?? readTextIfThere("/usr/lib/os-release") ?? "";
  return /^PRETTY_NAME="?(.*?)"?$/m.exec(text)?.[1] ?? "Linux";
}
