// What is kept of a run in a network: what was asked for, and what events say of it.

import { describeEnd, formatTold } from "../events/tell.ts";
import { isFreeOfStandIns, standFor } from "../events/tell-again.ts";
import { CNI_PREFIX } from "../networks/cni-plugins.ts";
import { hostNames } from "../networks/prepare-for-run.ts";
import { isThere } from "../networks/usual-network.ts";
import type { Prepared } from "../prepare.ts";
import type { RunOptions } from "../run-options.ts";
import type { KeptNetwork, RunLaunch, ToldInTurn } from "./kept.ts";

/** Whether all of it is links of our own, which can be had. */
export function isPlainNetwork({ network, networking }: RunOptions): boolean {
  const { networks = [] } = networking ?? {};
  if (network.kind !== "private" || networks.length === 0) return false;
  return networks.every(({ name }) => !name.startsWith(CNI_PREFIX)) && isThere({ networks });
}

/** @param id what stands for the container's */
export function describeNetwork(
  options: RunOptions,
  prepared: Prepared,
  id: string,
): KeptNetwork | undefined {
  // With the ports that the image exposes, where there is one.
  const { networking } = prepared.storage?.options ?? options;
  if (networking === undefined) return undefined;
  const hostname = hostNames(options, prepared).replaceAll(id.slice(0, 12), standFor(0));
  return { options: networking, hostname };
}

/** In the foreground its end is not all that is told once it has ended. */
export function describeInForeground(
  options: RunOptions,
  prepared: Prepared,
  id: string,
): Pick<RunLaunch, "network" | "told"> | "not to be told" {
  const network = describeNetwork(options, prepared, id);
  const told = formatInTurn(options);
  if (told === undefined) return "not to be told";
  return network === undefined ? { told } : { network, told };
}

/** Between those events others are told: of networks, of volumes. undefined where stand-ins mean something else. */
function formatInTurn(options: RunOptions): ToldInTurn | undefined {
  if (!isFreeOfStandIns(JSON.stringify(options))) return undefined;
  const container = { id: standFor(0), name: standFor(1), options };
  const end = { ...describeEnd(0, 0, 0), exitCode: standFor(2), execDuration: standFor(3) };
  return {
    created: formatTold({ create: {}, attach: {} }, container),
    started: formatTold({ start: {} }, container),
    died: formatTold({ die: end }, container),
    destroyed: formatTold({ destroy: {} }, container),
  };
}
