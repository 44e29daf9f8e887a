// `update`: new limits for a container that is there. What is not named stays as it is.
import { detectCgroups } from "../../../cgroups/detect.ts";
import type { CgroupManager } from "../../../cgroups/manager.ts";
import { applySteps, type CgroupStep } from "../../../cgroups/steps.ts";
import { readTextIfThere, writeText } from "../../../ffi/files.ts";
import { isSyscallError } from "../../../ffi/syscall-error.ts";
import { UserError } from "../../errors.ts";
import { parseJson, parseResources } from "../../oci/parse.ts";
import type { Resources } from "../../oci/spec.ts";
import type { OciGlobals } from "./options.ts";
import { cgroupOf, readLocked } from "./pause.ts";
import { statusOf } from "./status.ts";
import { OciStore } from "./store.ts";

export type { Resources } from "../../oci/spec.ts";

/** What `update` takes. */
export interface UpdateOptions {
  readonly id: string;
  /** As in config.json's linux.resources: a text with that JSON, or the value. */
  readonly resources: Resources | string;
  /** Lines for resctrl(5). */
  readonly l3CacheSchema?: string;
  readonly memoryBandwidthSchema?: string;
}

/**
 * Changes the limits.
 * @throws UserError for what is no limit, cannot be had here, or is below what is in use
 * @throws SyscallError where the kernel refuses one: the others are then as they were
 */
export async function updateContainer(options: UpdateOptions, globals: OciGlobals): Promise<void> {
  using container = new OciStore(globals.root).lock(options.id);
  const record = readLocked(container);
  if ((await statusOf(record, container.folder)) === "stopped") {
    throw new UserError("container not running");
  }
  const resources = checkResources(options.resources, globals);
  const schemata = await planSchemata(options, container.id, globals);
  const cgroups = detectCgroups({ own: record.ownCgroups, withUnified: true });
  changeLimits(cgroups, cgroupOf(record), resources, globals);
  for (const { path, line } of schemata) writeText(path, `${line}\n`, { existing: true });
}

/** Devices are left alone, as by runc: an engine may have let more in since. */
function checkResources(given: Resources | string, globals: OciGlobals): Resources {
  const json = typeof given === "string" ? parseJson("resources", given) : given;
  const { devices: _devices, ...resources } = parseResources(json);
  const { kernel, kernelTCP } = resources.memory ?? {};
  if (kernel !== undefined || kernelTCP !== undefined) {
    globals.warn("Kernel memory settings are ignored and will be removed");
  }
  return resources;
}

/** @throws SyscallError where the kernel refuses one: the others are then as they were */
export function changeLimits(
  cgroups: CgroupManager,
  cgroupsPath: string,
  resources: Resources,
  globals: Pick<OciGlobals, "warn">,
): void {
  for (const line of cgroups.ignored(resources)) globals.warn(line);
  const steps = cgroups.planUpdate(cgroupsPath, resources);
  const before = readPresent(steps);
  try {
    for (const step of applySteps(steps)) {
      if (step.op === "write" && step.warning !== undefined) globals.warn(step.warning);
    }
  } catch (error) {
    restorePresent(before);
    throw error;
  }
}

interface Present {
  readonly path: string;
  readonly value: string;
}

/** What the files hold that are to be written; those that hold a line for each device do not count. */
function readPresent(steps: readonly CgroupStep[]): Present[] {
  const present: Present[] = [];
  for (const step of steps) {
    if (step.op !== "write") continue;
    const value = readTextIfThere(step.path)?.trimEnd();
    if (value !== undefined && !value.includes("\n")) present.push({ path: step.path, value });
  }
  return present;
}

/** Order: the other way round, as each write was possible in the state that the one before left. */
function restorePresent(present: readonly Present[]): void {
  for (const { path, value } of present.toReversed()) {
    try {
      writeText(path, value, { existing: true });
    } catch (error) {
      // The first refusal is what the user asks about.
      if (!isSyscallError(error)) throw error;
    }
  }
}

interface Schema {
  readonly path: string;
  readonly line: string;
}

/** @throws UserError where the host has no resctrl, or the container no group in it */
async function planSchemata(
  { l3CacheSchema, memoryBandwidthSchema }: UpdateOptions,
  id: string,
  globals: OciGlobals,
): Promise<Schema[]> {
  if (l3CacheSchema === undefined && memoryBandwidthSchema === undefined) return [];
  const { groupOf, hasResource } = await import("./resctrl.ts");
  const lines: string[] = [];
  if (l3CacheSchema !== undefined) {
    if (!hasResource("L3")) throw new UserError("Intel RDT/CAT: l3 cache schema is not enabled");
    lines.push(l3CacheSchema);
  }
  if (memoryBandwidthSchema !== undefined) {
    if (!hasResource("MB")) {
      throw new UserError("Intel RDT/MBA: memory bandwidth schema is not enabled");
    }
    lines.push(memoryBandwidthSchema);
  }
  const { linux } = await new OciStore(globals.root).readSpec(id);
  if (linux?.intelRdt === undefined) {
    throw new UserError("updating a non-existent Intel RDT configuration is not supported");
  }
  const path = `${groupOf(linux.intelRdt, id)}/schemata`;
  return lines.map((line) => ({ path, line }));
}
