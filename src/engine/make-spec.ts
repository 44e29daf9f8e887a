// From what was asked and what is known to config.json: docker's defaults, whole, and pure.

import { UserError } from "../errors.ts";
import type { Linux, Spec } from "../oci/spec.ts";
import { validateSysctls } from "../oci/validate-sysctls.ts";
import { CGROUP_PREFIX } from "./cgroup-prefix.ts";
import type { SpecFacts } from "./host-facts.ts";
import { refuseConflicts } from "./option-conflicts.ts";
import type { RunOptions } from "./run-options.ts";
import { makeDevices } from "./spec-devices.ts";
import { makeMounts } from "./spec-mounts.ts";
import { makeNamespaces, makesNamespace } from "./spec-namespaces.ts";
import { findHostname, makeProcess } from "./spec-process.ts";
import { makeResources } from "./spec-resources.ts";
import { chooseSeccomp, noteSeccomp, type SeccompChoice, setHiddenPaths } from "./spec-security.ts";

/** The specification that a spec made here says it follows. */
export const OCI_VERSION = "1.2.0";

/** A spec, and what config.json has no word for or what is not decided in it. */
export interface MadeSpec {
  /** `linux.seccomp` is never set: the default filter is compiled ahead, see `seccomp`. */
  readonly spec: Spec;
  readonly seccomp: SeccompChoice;
  /** `--init` was asked for, and the container has a pid namespace of its own. */
  readonly init: boolean;
  /** What was asked for and is not given: a line each, lower case, no final period. */
  readonly warnings: readonly string[];
}

/**
 * The spec of a container. It keeps every rule of validateSpec(), which need not be called for it.
 * @throws UserError for options that contradict each other or the facts: no command, an unknown
 * capability, a device that is none, a cgroup parent that leaves its hierarchy, the host's sysctls
 */
export function makeSpec(options: RunOptions, facts: SpecFacts): MadeSpec {
  refuseConflicts(options);
  const warnings: string[] = [];
  if (options.init && !makesNamespace(options.pid)) {
    warnings.push("--init has nothing to do without a pid namespace of the container's own");
  }
  const hostname = findHostname(options, facts);
  const process = makeProcess(options, facts, hostname, warnings);
  const made = makeMounts(options, facts);
  const linux = makeLinux(options, facts, warnings);
  if (made.rootfsPropagation !== undefined) linux.rootfsPropagation = made.rootfsPropagation;
  const spec: Writable<Spec> = {
    ociVersion: OCI_VERSION,
    process,
    root: { path: facts.rootfsPath, readonly: options.readonlyRootfs },
    mounts: made.mounts,
    linux,
  };
  if (makesNamespace(options.uts)) spec.hostname = hostname;
  if (options.domainname) spec.domainname = options.domainname;
  if (hasKeys(options.annotations)) spec.annotations = options.annotations;
  const seccomp = chooseSeccomp(options.security);
  const note = noteSeccomp(seccomp);
  if (note !== undefined) spec.annotations = { ...options.annotations, ...note };
  return {
    spec,
    seccomp,
    init: options.init && makesNamespace(options.pid),
    warnings,
  };
}

type Writable<T> = { -readonly [Key in keyof T]: T[Key] };

function makeLinux(options: RunOptions, facts: SpecFacts, warnings: string[]): Writable<Linux> {
  const { nodes, rules } = makeDevices(options, facts);
  const linux: Writable<Linux> = {
    resources: makeResources(options, facts, rules, warnings),
    cgroupsPath: makeCgroupsPath(options, facts),
    namespaces: makeNamespaces(options, facts),
  };
  if (makesNamespace(options.network)) linux.sysctl = makeNetworkSysctls(facts);
  if (hasKeys(options.sysctls)) addSysctls(linux, options.sysctls);
  if (nodes.length > 0) linux.devices = nodes;
  if (facts.idMappings !== undefined && options.userns.kind !== "path") {
    linux.uidMappings = facts.idMappings.uids;
    linux.gidMappings = facts.idMappings.gids;
  }
  setHiddenPaths(linux, options.security, facts);
  return linux;
}

// Only for a network namespace made here: a joined one has an owner who has chosen.
function makeNetworkSysctls(facts: SpecFacts): Record<string, string> {
  const mapped = facts.idMappings !== undefined || facts.inUserNamespace === true;
  const sysctl: Record<string, string> = {};
  // Kernel: the range is given in ids of the namespace's owner; a mapped one refuses 2147483647.
  if (!mapped && !isMissing(PING_RANGE, facts)) sysctl[PING_RANGE] = "0 2147483647";
  if (!isMissing(FIRST_PORT, facts)) sysctl[FIRST_PORT] = "0";
  return sysctl;
}

function isMissing(sysctl: string, facts: SpecFacts): boolean {
  return facts.missingSysctls?.includes(sysctl) === true;
}

function addSysctls(linux: Writable<Linux>, asked: Readonly<Record<string, string>>): void {
  linux.sysctl = { ...linux.sysctl, ...asked };
  const problems: string[] = [];
  validateSysctls(linux.sysctl, linux.namespaces, problems);
  if (problems.length > 0) throw new UserError(problems.join("\n  "));
}

/** Pings without CAP_NET_RAW for every group. */
const PING_RANGE = "net.ipv4.ping_group_range";
/** Ports below 1024 without CAP_NET_BIND_SERVICE. */
const FIRST_PORT = "net.ipv4.ip_unprivileged_port_start";

function makeCgroupsPath(options: RunOptions, facts: SpecFacts): string {
  let parent = options.cgroupParent ?? "";
  while (parent.endsWith("/")) parent = parent.slice(0, -1);
  return `${parent}/${CGROUP_PREFIX}${facts.containerId}`;
}

function hasKeys(record: object): boolean {
  for (const _key in record) return true;
  return false;
}
