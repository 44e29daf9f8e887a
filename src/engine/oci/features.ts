// `features`: what this runtime can do, whatever the host is. Specification: features.md.
import { parseMountOptions } from "../../../fs/mount-options.ts";
import { readText } from "../../../ffi/files.ts";
import { MEMORY_POLICY_FLAGS, MEMORY_POLICY_MODES } from "../../oci/parse-linux.ts";
import { ACTIONS } from "../../seccomp/actions.ts";
import { OPERATORS } from "../../seccomp/conditions.ts";
import { FLAGS } from "../../seccomp/flags.ts";
import { ARCHITECTURES } from "../../seccomp/rules.ts";
import { listCapabilities } from "../capabilities.ts";
import { OCI_VERSION } from "../make-spec.ts";

/** The words that mount(8) and runc have; those that bunker takes for itself are told. */
const MOUNT_OPTIONS =
  "async atime bind defaults dev diratime dirsync exec idmap lazytime mand noatime nodev nodiratime " +
  "noexec nolazytime nomand norelatime nostrictatime nosuid nosymfollow private ratime rbind rdev " +
  "rdiratime relatime rexec ridmap rnoatime rnodev rnodiratime rnoexec rnorelatime rnostrictatime " +
  "rnosuid rnosymfollow ro rprivate rrelatime rro rrw rshared rslave rstrictatime rsuid rsymfollow " +
  "runbindable rw shared slave strictatime suid symfollow sync tmpcopyup unbindable";

/** Kernel: fsconfig(2) takes these for every file system. fs/fs_context.c, common_set_sb_flag */
const KERNEL_OPTIONS = "async dirsync lazytime mand nolazytime nomand sync".split(" ");

const HOOKS = [
  "prestart",
  "createRuntime",
  "createContainer",
  "startContainer",
  "poststart",
  "poststop",
];

const NAMESPACES = ["cgroup", "ipc", "mount", "network", "pid", "time", "user", "uts"];

/** The structure of the specification. @param version bunker's own */
export function listFeatures(version: string): object {
  return {
    ociVersionMin: "1.0.0",
    ociVersionMax: OCI_VERSION,
    hooks: HOOKS,
    mountOptions: MOUNT_OPTIONS.split(" ").filter(isKnownOption),
    linux: {
      namespaces: NAMESPACES,
      capabilities: listCapabilities(),
      cgroup: { v1: true, v2: true, systemd: false, systemdUser: false, rdma: true },
      seccomp: listSeccomp(),
      apparmor: { enabled: true },
      selinux: { enabled: true },
      intelRdt: { enabled: true, schemata: true, monitoring: false },
      memoryPolicy: { modes: MEMORY_POLICY_MODES, flags: MEMORY_POLICY_FLAGS },
      mountExtensions: { idmap: { enabled: true } },
      netDevices: { enabled: true },
    },
    annotations: {
      "io.bunker.version": version,
      "org.opencontainers.runc.checkpoint.enabled": "true",
    },
    potentiallyUnsafeConfigAnnotations: [],
  };
}

function isKnownOption(word: string): boolean {
  return KERNEL_OPTIONS.includes(word) || parseMountOptions([word]).data.length === 0;
}

function listSeccomp(): object {
  const flags = Object.keys(FLAGS).sort();
  return {
    enabled: true,
    actions: Object.keys(ACTIONS).sort(),
    operators: Object.keys(OPERATORS).sort(),
    archs: Object.keys(ARCHITECTURES)
      .filter((name) => ARCHITECTURES[name] !== "foreign")
      .sort(),
    knownFlags: flags,
    supportedFlags: flags.filter((name) => isSince(FLAGS[name]?.since ?? [0, 0])),
  };
}

/** Whether this kernel is of that version or a later one. */
function isSince([major, minor]: readonly [number, number]): boolean {
  const [ownMajor = 0, ownMinor = 0] = readText("/proc/sys/kernel/osrelease")
    .split(".")
    .map((part) => Number.parseInt(part, 10));
  return ownMajor > major || (ownMajor === major && ownMinor >= minor);
}
