// A host without cgroups (or where none are mounted): containers run, but nothing can be limited.

import { refuseController } from "./refusal.ts";
import type { CgroupManager, CgroupStats } from "./manager.ts";
import type { Resources } from "./resources.ts";
import type { CgroupStep } from "./steps.ts";

/** The manager that does nothing, and refuses what it would have to promise. */
export function makeNone(): CgroupManager {
  return {
    mode: "none",
    planCreate: (_, resources) => refuseLimits(resources),
    planUpdate: (_, resources) => refuseLimits(resources),
    ignored: ({ devices }) =>
      devices === undefined ? [] : ["device rules: this host has no cgroups"],
    join: () => ({ how: "none" }),
    procsFiles: () => [],
    mountPoints: () => [],
    pids: () => [],
    freeze: () => refuseController("pausing", "freezer"),
    thaw: () => refuseController("pausing", "freezer"),
    freezer: () => "",
    isFrozen: () => false,
    kill: () => {},
    stats: emptyStats,
    details: () => refuseController("looking at what is used", "memory"),
    watchOutOfMemory: () => refuseController("waiting for lack of memory", "memory"),
    oomKills: () => 0,
    remove: () => {},
  };
}

/** Device rules are in every specification, so they alone are no reason to refuse. */
function refuseLimits(resources: Resources): CgroupStep[] {
  const { pids = {}, memory = {}, cpu = {}, blockIO = {}, hugepageLimits = [] } = resources;
  if (hasNumber(memory)) refuseController("a memory limit", "memory");
  if (hasNumber(pids)) refuseController("a pids limit", "pids");
  if (hasNumber(cpu)) refuseController("a cpu limit", "cpu");
  if (hasNumber(blockIO)) refuseController("a block I/O limit", "io");
  if (hugepageLimits.length > 0) refuseController("a huge page limit", "hugetlb");
  if (Object.keys(resources.rdma ?? {}).length > 0) refuseController("an RDMA limit", "rdma");
  const [unified] = Object.keys(resources.unified ?? {});
  if (unified !== undefined) refuseController(`unified "${unified}"`, unified.split(".")[0] ?? "");
  return [];
}

/** Whether a limit is asked for: -1 and 0 are none. */
function hasNumber(limits: object): boolean {
  return Object.values(limits).some(
    (value: unknown) =>
      (typeof value === "number" && value > 0) ||
      (typeof value === "string" && value !== "") ||
      (Array.isArray(value) && value.length > 0),
  );
}

function emptyStats(): CgroupStats {
  return {
    memory: {
      usageBytes: 0,
      limitBytes: null,
      peakBytes: null,
      swapBytes: null,
      inactiveFileBytes: 0,
      limitHits: 0,
      details: {},
    },
    cpu: {
      totalNs: 0,
      userNs: 0,
      systemNs: 0,
      perCpuNs: [],
      periods: 0,
      throttledPeriods: 0,
      throttledNs: 0,
    },
    pids: { current: 0, limit: null },
    io: [],
  };
}
