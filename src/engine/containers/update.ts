// `update`: other limits for a container, now and for its next start, and another restart policy.

import { detectCgroups } from "../../../cgroups/detect.ts";
import { UserError } from "../../errors.ts";
import type { Resources } from "../../oci/spec.ts";
import { tell } from "../events/tell.ts";
import { changeLimits } from "../oci/update.ts";
import { warn } from "../run.ts";
import type { ResourceOptions, RestartOption } from "../run-options.ts";
import { makeResources } from "../spec-resources.ts";
import { findKept } from "./find.ts";
import { type KeptContainer, KeptStore } from "./kept.ts";
import { lookAt } from "./live.ts";

/** What is not named stays as it is. */
export interface UpdateChanges {
  readonly resources: ResourceOptions;
  readonly restart?: RestartOption;
}

/**
 * @param check throws for limits that cannot be, told of all that the container is to have
 * @throws UserError, SyscallError: then it is as it was
 */
export function updateContainer(
  text: string,
  changes: UpdateChanges,
  check: (resources: ResourceOptions) => void,
): void {
  const kept = new KeptStore();
  const found = findKept(text, kept);
  // One that runs in the foreground and is not kept has no lock; its limits are its cgroup's.
  using lock = kept.isKept(found.id) ? kept.lock(found.id) : undefined;
  const container = lock === undefined ? found : (kept.read(found.id) ?? found);
  const changed = applyChanges(container, changes);
  check(changed.options.resources);
  const { record } = lookAt(container, kept);
  const isLimited = Object.keys(changes.resources).length > 0;
  if (record !== undefined && isLimited) {
    changeLimits(detectCgroups(), record.cgroupsPath, planLimits(changed, changes), { warn });
  }
  // Order: last, as what the kernel refuses is not to be tried again at each start.
  if (lock !== undefined) kept.write(changed);
  tell("update", changed);
}

function applyChanges(
  container: KeptContainer,
  { resources, restart }: UpdateChanges,
): KeptContainer {
  const { options } = container;
  refuseConflicts(options.resources, resources);
  if (restart !== undefined && restart.kind !== "no" && options.remove) {
    throw new UserError(
      "Restart policy cannot be updated because AutoRemove is enabled for the container",
      undefined,
      1,
    );
  }
  return {
    ...container,
    options: {
      ...options,
      resources: { ...options.resources, ...resources },
      ...(restart === undefined ? {} : { restart }),
    },
  };
}

/** A share of CPUs is a quota in a period: they cannot be had beside it. */
function refuseConflicts(before: ResourceOptions, asked: ResourceOptions): void {
  const refuse = (what: string, set: string): never => {
    const message = `Conflicting options: ${what} cannot be updated as ${set} has already been set`;
    throw new UserError(message, undefined, 1);
  };
  if (asked.cpus !== undefined) {
    if (before.cpuPeriodUs !== undefined) refuse("Nano CPUs", "CPU Period");
    if (before.cpuQuotaUs !== undefined) refuse("Nano CPUs", "CPU Quota");
  }
  if (before.cpus !== undefined) {
    if (asked.cpuPeriodUs !== undefined) refuse("CPU Period", "Nano CPUs");
    if (asked.cpuQuotaUs !== undefined) refuse("CPU Quota", "Nano CPUs");
  }
}

const MEMORY_AND_SWAP = ["memoryBytes", "memorySwapBytes"] as const;

/** What changes: memory together with its swap, as one follows from the other. */
function planLimits({ options }: KeptContainer, { resources }: UpdateChanges): Resources {
  const asked = { ...resources };
  const isMemory = MEMORY_AND_SWAP.some((key) => resources[key] !== undefined);
  const { memoryBytes, memorySwapBytes } = options.resources;
  const withSwap: ResourceOptions = isMemory
    ? {
        ...asked,
        ...(memoryBytes === undefined ? {} : { memoryBytes }),
        ...(memorySwapBytes === undefined ? {} : { memorySwapBytes }),
      }
    : asked;
  const warnings: string[] = [];
  const { devices: _, ...planned } = makeResources({ resources: withSwap }, {}, [], warnings);
  for (const line of warnings) warn(line);
  if (resources.memorySwapBytes !== "unlimited") return planned;
  // At a start it is the kernel's own and not written; here there may be a limit.
  return { ...planned, memory: { ...planned.memory, swap: -1 } };
}
