// `spec`: the config.json to begin with. Its layout is that of runc's, down to the order of the
// mounts, as scripts edit it by position (`.mounts[6]`).
import { detectCgroups } from "../../../cgroups/detect.ts";
import { getegid, geteuid } from "../../../ffi/identity.ts";
import { fileType, writeText } from "../../../ffi/files.ts";
import { UserError } from "../../errors.ts";
import type { Mount, Namespace, Spec } from "../../oci/spec.ts";
import { OCI_VERSION } from "../make-spec.ts";

/** What a default spec depends on. */
export interface SpecChoices {
  /** For whoever is not root: undefined for root. */
  readonly rootless?: { readonly uid: number; readonly gid: number };
  /** Where cgroups are one hierarchy, the container gets a namespace of them. */
  readonly cgroupNamespace: boolean;
}

/**
 * Writes a default config.json into a folder.
 * @throws UserError where there is one already
 */
export function writeDefaultSpec(folder: string, rootless: boolean): void {
  const path = `${folder}/config.json`;
  if (fileType(path) !== 0) {
    throw new UserError("File config.json exists. Remove it first");
  }
  const choices: SpecChoices = {
    cgroupNamespace: detectCgroups().join("/x").how === "clone-into",
    ...(rootless && { rootless: { uid: geteuid(), gid: getegid() } }),
  };
  const text = JSON.stringify(makeDefaultSpec(choices), undefined, "\t");
  writeText(path, text, { mode: 0o666, exclusive: true });
}

const CAPABILITIES = ["CAP_AUDIT_WRITE", "CAP_KILL", "CAP_NET_BIND_SERVICE"];
const PATH = "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

/** The default spec. Pure. */
export function makeDefaultSpec(choices: SpecChoices): Spec {
  return {
    ociVersion: OCI_VERSION,
    process: {
      terminal: true,
      user: { uid: 0, gid: 0 },
      args: ["sh"],
      env: [PATH, "TERM=xterm"],
      cwd: "/",
      capabilities: {
        bounding: CAPABILITIES,
        effective: CAPABILITIES,
        permitted: CAPABILITIES,
      },
      rlimits: [{ type: "RLIMIT_NOFILE", hard: 1024, soft: 1024 }],
      noNewPrivileges: true,
    },
    root: { path: "rootfs", readonly: true },
    hostname: "bunker",
    mounts: makeMounts(choices.rootless !== undefined),
    linux: makeLinux(choices),
  };
}

function makeLinux({ rootless, cgroupNamespace }: SpecChoices): NonNullable<Spec["linux"]> {
  const types: Namespace["type"][] = ["pid", "ipc", "uts", "mount"];
  if (rootless === undefined) types.splice(1, 0, "network");
  if (cgroupNamespace) types.push("cgroup");
  if (rootless !== undefined) types.push("user");
  const own = (id: number) => [{ containerID: 0, hostID: id, size: 1 }];
  return {
    ...(rootless && { uidMappings: own(rootless.uid), gidMappings: own(rootless.gid) }),
    ...(!rootless && { resources: { devices: [{ allow: false, access: "rwm" }] } }),
    namespaces: types.map((type) => ({ type })),
    maskedPaths: [
      "/proc/acpi",
      "/proc/asound",
      "/proc/kcore",
      "/proc/keys",
      "/proc/latency_stats",
      "/proc/timer_list",
      "/proc/timer_stats",
      "/proc/sched_debug",
      "/sys/firmware",
      "/proc/scsi",
    ],
    readonlyPaths: ["/proc/bus", "/proc/fs", "/proc/irq", "/proc/sys", "/proc/sysrq-trigger"],
  };
}

function makeMounts(rootless: boolean): Mount[] {
  const safe = ["nosuid", "noexec", "nodev"];
  const mount = (destination: string, type: string, source: string, options: string[]): Mount => ({
    destination,
    type,
    source,
    options,
  });
  const terminals = ["nosuid", "noexec", "newinstance", "ptmxmode=0666", "mode=0620"];
  return [
    { destination: "/proc", type: "proc", source: "proc" },
    mount("/dev", "tmpfs", "tmpfs", ["nosuid", "strictatime", "mode=755", "size=65536k"]),
    // The group tty (5) is not among the ids of somebody who maps only one.
    mount("/dev/pts", "devpts", "devpts", rootless ? terminals : [...terminals, "gid=5"]),
    mount("/dev/shm", "tmpfs", "shm", [...safe, "mode=1777", "size=65536k"]),
    mount("/dev/mqueue", "mqueue", "mqueue", safe),
    // Kernel: only the owner of a network namespace may mount a sysfs.
    rootless
      ? mount("/sys", "none", "/sys", ["rbind", ...safe, "ro"])
      : mount("/sys", "sysfs", "sysfs", [...safe, "ro"]),
    mount("/sys/fs/cgroup", "cgroup", "cgroup", [...safe, "relatime", "ro"]),
  ];
}
