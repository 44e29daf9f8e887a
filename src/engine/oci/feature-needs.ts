// Whether a config.json asks for what few do: looked at for every container, so it is quick.

import { capabilityNumber } from "../../../ffi/capability.ts";
import type {
  Capabilities,
  Linux,
  Mount,
  Namespace,
  NamespaceType,
  Process,
  Spec,
} from "../../oci/spec.ts";

export interface FeatureNeeds {
  /** Mounts as runc makes them, where mount-plan.ts would make others. */
  readonly mounts: boolean;
  /** The agent's help. */
  readonly assistance: boolean;
  readonly attributes: boolean;
  /** Of the host, besides namespaces. */
  readonly host: boolean;
  readonly noPivot: boolean;
  readonly warnings: boolean;
}

/** undefined where it asks for none of it. */
export function findFeatureNeeds(spec: Spec, noPivot: boolean): FeatureNeeds | undefined {
  const { process, mounts = [], linux = {} } = spec;
  const user = findNamespace(spec, "user") !== undefined;
  let isPlain = !user && linux.mountLabel === undefined;
  let assistance = user;
  for (const mount of mounts) {
    if (!isPlainMount(mount)) isPlain = false;
    if (isAssistedMount(mount)) assistance = true;
  }
  const attributes = hasAttributes(process, linux);
  const host =
    linux.netDevices !== undefined ||
    linux.intelRdt !== undefined ||
    (linux.sysctl !== undefined && findNamespace(spec, "network")?.path !== undefined);
  const { capabilities } = process ?? {};
  const warnings = capabilities !== undefined && isWorthAWarning(capabilities);
  if (isPlain && !assistance && !attributes && !host && !noPivot && !warnings) return undefined;
  return { mounts: !isPlain, assistance, attributes, host, noPivot, warnings };
}

/** Whether a process is anything besides its user and its limits: see plan-attributes.ts. */
export function hasAttributes(process: Process | undefined, linux: Linux): boolean {
  return (
    process?.scheduler !== undefined ||
    process?.ioPriority !== undefined ||
    process?.apparmorProfile !== undefined ||
    process?.selinuxLabel !== undefined ||
    linux.personality !== undefined ||
    linux.memoryPolicy !== undefined ||
    linux.mountLabel !== undefined
  );
}

/** The namespace of a kind, to be made or joined. */
export function findNamespace({ linux }: Spec, wanted: NamespaceType): Namespace | undefined {
  for (const namespace of linux?.namespaces ?? []) if (namespace.type === wanted) return namespace;
  return undefined;
}

/** One that mount-plan.ts makes as runc would. */
function isPlainMount({ type, options = [] }: Mount): boolean {
  let hasMode = false;
  for (const word of options) {
    if (word === "bind" || word === "rbind" || word === "remount" || word === "tmpcopyup") {
      return false;
    }
    if (word === "ro" && type === "tmpfs") return false;
    if (word.startsWith("mode=")) hasMode = true;
  }
  if (type === "tmpfs") return hasMode;
  return (
    type === "proc" ||
    type === "sysfs" ||
    type === "devpts" ||
    type === "mqueue" ||
    type === "cgroup"
  );
}

function isAssistedMount({ options = [], uidMappings, gidMappings }: Mount): boolean {
  if (uidMappings !== undefined || gidMappings !== undefined) return true;
  for (const word of options) {
    if (word === "idmap" || word === "ridmap" || word === "tmpcopyup") return true;
  }
  return false;
}

/** Whether some name is unknown, or might not be raised. */
function isWorthAWarning(capabilities: Capabilities): boolean {
  const { bounding, effective, permitted, inheritable, ambient = [] } = capabilities;
  if (ambient.length > 0) return true;
  for (const set of [bounding, effective, permitted, inheritable]) {
    for (const name of set ?? []) if (capabilityNumber(name) === undefined) return true;
  }
  return false;
}
