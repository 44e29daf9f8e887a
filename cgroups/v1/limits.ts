// The controllers that take a number or two: pids, hugetlb, rdma, and the network's tags.

import { checkPageSize, formatRdmaLimit } from "../limit-values.ts";
import type { HugepageLimit, NetworkResources, RdmaLimit } from "../resources.ts";
import { type CgroupStep, writeStep } from "../steps.ts";

/** The number of processes and threads; a negative limit is none, 0 leaves it. */
export function planPids(directory: string, limit: number): CgroupStep[] {
  if (limit === 0) return [];
  const value = limit < 0 ? "max" : limit;
  return [writeStep(`${directory}/pids.max`, value, "how many processes and threads there may be")];
}

/** Huge pages in use, and those reserved where the kernel counts them (since 5.7). */
export function planHugetlb(directory: string, limits: readonly HugepageLimit[]): CgroupStep[] {
  return limits.flatMap(({ pageSize, limit }) => {
    const file = `${directory}/hugetlb.${checkPageSize(pageSize)}`;
    const why = `huge pages of ${pageSize}`;
    return [
      writeStep(`${file}.limit_in_bytes`, limit, why),
      writeStep(`${file}.rsvd.limit_in_bytes`, limit, `${why}, reserved`, { optional: true }),
    ];
  });
}

/** Handles and objects of each RDMA device. */
export function planRdma(
  directory: string,
  devices: Readonly<Record<string, RdmaLimit>>,
): CgroupStep[] {
  return Object.entries(devices).map(([device, limit]) =>
    writeStep(`${directory}/rdma.max`, formatRdmaLimit(device, limit), "RDMA handles and objects"),
  );
}

/** The class of its packets, for traffic control. */
export function planNetworkClass(directory: string, network: NetworkResources): CgroupStep[] {
  if (!network.classID) return [];
  return [writeStep(`${directory}/net_cls.classid`, network.classID, "the class of its packets")];
}

/** The priority of its packets at each interface. */
export function planNetworkPriority(directory: string, network: NetworkResources): CgroupStep[] {
  return (network.priorities ?? []).map(({ name, priority }) =>
    writeStep(`${directory}/net_prio.ifpriomap`, `${name} ${priority}`, "its packets' priority"),
  );
}
