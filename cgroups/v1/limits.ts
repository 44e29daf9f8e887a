// Huge pages, and the network's tags.

import type { HugepageLimit, NetworkResources } from "../resources.ts";
import { checkPageSize } from "../shared-limits.ts";
import { type CgroupStep, writeStep } from "../steps.ts";

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
