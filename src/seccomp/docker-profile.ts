// A profile file as docker's --security-opt seccomp=FILE takes it → the form of config.json, for one
// machine and one set of capabilities. A file that has that form already stays as it is.
//
// What is decided here is what moby/profiles decides (seccomp/seccomp_linux.go): which of the
// architectures in `archMap` are meant, and which rules the `includes` and `excludes` leave.

import type { LinuxSeccomp, LinuxSyscall } from "../oci/seccomp-types.ts";
import {
  type DockerProfile,
  type DockerSyscall,
  parseKernelVersion,
  parseProfile,
  type RuleFilter,
} from "./parse-profile.ts";
import type { FilterHost } from "./rules.ts";

/** What a profile's conditions (`includes`, `excludes`) are decided by. */
export interface ProfileHost extends FilterHost {
  /** The bounding set, as `CAP_…`. */
  readonly capabilities: readonly string[];
}

/**
 * The profile for this host and these capabilities.
 * @param profile what parseJson returned, so that 64-bit numbers are exact; it is changed in place
 * @throws UserError with the JSON path of everything that is wrong
 */
export function resolveProfile(profile: unknown, host: ProfileHost): LinuxSeccomp {
  const { archMap = [], syscalls = [], ...rest } = parseProfile(profile, host.kernel);
  const architectures = expandArchMap(archMap, host) ?? rest.architectures;
  return {
    ...rest,
    ...(architectures === undefined ? {} : { architectures }),
    syscalls: syscalls.filter((rule) => isMeant(rule, host)).map(plainRule),
  };
}

/** The names that a profile has for a machine: in `architecture`, and in `arches`. */
const NAMES_OF = {
  x86_64: { constant: "SCMP_ARCH_X86_64", name: "amd64" },
  aarch64: { constant: "SCMP_ARCH_AARCH64", name: "arm64" },
} as const;

/** undefined where the map is empty or does not speak of this machine. */
function expandArchMap(
  archMap: NonNullable<DockerProfile["archMap"]>,
  { arch }: ProfileHost,
): readonly string[] | undefined {
  const own = archMap.find((entry) => entry.architecture === NAMES_OF[arch].constant);
  return own && [own.architecture, ...(own.subArchitectures ?? [])];
}

/** All that `includes` names must be so, and nothing that `excludes` names. */
function isMeant({ includes = {}, excludes = {} }: DockerSyscall, host: ProfileHost): boolean {
  const has = (capability: string): boolean => host.capabilities.includes(capability);
  if (namesArch(excludes, host) || excludes.caps?.some(has)) return false;
  if (excludes.minKernel !== undefined && isSince(excludes.minKernel, host)) return false;
  if (includes.arches?.length && !namesArch(includes, host)) return false;
  if (includes.minKernel !== undefined && !isSince(includes.minKernel, host)) return false;
  return includes.caps?.every(has) ?? true;
}

function namesArch({ arches = [] }: RuleFilter, { arch }: ProfileHost): boolean {
  return arches.includes(NAMES_OF[arch].name);
}

function isSince(minKernel: string, { kernel }: ProfileHost): boolean {
  const [major, minor] = parseKernelVersion(minKernel) ?? [0, 0];
  return kernel[0] > major || (kernel[0] === major && kernel[1] >= minor);
}

// The cache compares profiles as text: a comment that has changed is no reason to compile again.
function plainRule({ names, action, errnoRet, args }: DockerSyscall): LinuxSyscall {
  return {
    names,
    action,
    ...(errnoRet === undefined ? {} : { errnoRet }),
    ...(args === undefined ? {} : { args }),
  };
}
