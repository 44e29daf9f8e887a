// The shape of `linux` but for its resources and seccomp: types, ranges and words. What the fields must
// be to each other is in validate-linux.ts and its neighbours.

import { checkIdMapping } from "./parse-mounts.ts";
import { checkResources } from "./parse-resources.ts";
import { checkSeccomp } from "./parse-seccomp.ts";
import { quote } from "./quote.ts";
import { INT32_MAX, INT64_MAX, type Section, UINT32_MAX } from "./section.ts";

/** Notes every field of `linux` that has a wrong type, range or word. */
export function checkLinux(linux: Section): void {
  linux.each("uidMappings", checkIdMapping);
  linux.each("gidMappings", checkIdMapping);
  linux.stringMap("sysctl");
  const resources = linux.child("resources");
  if (resources !== undefined) checkResources(resources);
  linux.string("cgroupsPath");
  linux.each("namespaces", checkNamespace);
  linux.each("devices", checkDevice);
  linux.eachNamed("netDevices", (device) => device.string("name"));
  checkSeccomp(linux);
  checkPaths(linux);
  const timeOffsets = linux.child("timeOffsets");
  if (timeOffsets !== undefined) checkTimeOffsets(timeOffsets);
  if (linux.value("intelRdt") !== undefined) checkIntelRdt(linux.child("intelRdt"));
  if (linux.value("memoryPolicy") !== undefined) checkMemoryPolicy(linux.child("memoryPolicy"));
  if (linux.value("personality") !== undefined) checkPersonality(linux.child("personality"));
}

const NAMESPACES = ["mount", "network", "uts", "ipc", "pid", "user", "cgroup", "time"];

function checkNamespace(namespace: Section): void {
  namespace.requiredWord("type", "namespace", NAMESPACES);
  namespace.string("path");
}

function checkDevice(device: Section): void {
  device.requiredString("path");
  device.requiredWord("type", "device type", ["c", "u", "b", "p"]);
  device.integerOrZero("major", 0, INT32_MAX);
  device.integerOrZero("minor", 0, INT32_MAX);
  device.integer("fileMode", 0, UINT32_MAX);
  device.integer("uid", 0, UINT32_MAX);
  device.integer("gid", 0, UINT32_MAX);
}

function checkPaths(linux: Section): void {
  linux.word("rootfsPropagation", "mount propagation", [
    "private",
    "rprivate",
    "slave",
    "rslave",
    "shared",
    "rshared",
    "unbindable",
    "runbindable",
  ]);
  linux.strings("maskedPaths");
  linux.strings("readonlyPaths");
  linux.string("mountLabel");
}

function checkTimeOffsets(offsets: Section): void {
  for (const clock of Object.keys(offsets.fields)) {
    if (clock !== "monotonic" && clock !== "boottime") {
      offsets.problem(clock, "must be monotonic or boottime");
      continue;
    }
    const offset = offsets.child(clock);
    offset?.integer("secs", -INT64_MAX, INT64_MAX);
    offset?.integer("nanosecs", 0, 999_999_999);
  }
}

function checkIntelRdt(intelRdt: Section | undefined): void {
  intelRdt?.string("closID");
  intelRdt?.strings("schemata");
  intelRdt?.string("l3CacheSchema");
  intelRdt?.string("memBwSchema");
  intelRdt?.boolean("enableMonitoring");
}

/** The words of set_mempolicy(2). */
export const MEMORY_POLICY_MODES = [
  "MPOL_DEFAULT",
  "MPOL_BIND",
  "MPOL_INTERLEAVE",
  "MPOL_WEIGHTED_INTERLEAVE",
  "MPOL_PREFERRED",
  "MPOL_PREFERRED_MANY",
  "MPOL_LOCAL",
];

export const MEMORY_POLICY_FLAGS = [
  "MPOL_F_NUMA_BALANCING",
  "MPOL_F_RELATIVE_NODES",
  "MPOL_F_STATIC_NODES",
];

// The words are runc's, whose callers look for them.
function checkMemoryPolicy(policy: Section | undefined): void {
  if (policy === undefined) return;
  const mode = policy.string("mode") ?? "";
  if (!MEMORY_POLICY_MODES.includes(mode)) {
    policy.problem("mode", `invalid memory policy mode ${quote(mode)}`);
    policy.fields.mode = "MPOL_PREFERRED";
  }
  policy.string("nodes");
  for (const flag of policy.strings("flags") ?? []) {
    if (!MEMORY_POLICY_FLAGS.includes(flag)) {
      policy.problem("flags", `invalid memory policy flag ${quote(flag)}`);
    }
  }
}

function checkPersonality(personality: Section | undefined): void {
  personality?.requiredWord("domain", "personality domain", ["LINUX", "LINUX32"]);
  personality?.strings("flags");
}
