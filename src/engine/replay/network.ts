// The network of a replayed run. Nothing of it is kept but what was asked for: its addresses and ports are
// others each time, and are reserved, made and taken away as those of a run that is planned.

import { writeText } from "../../../ffi/files.ts";
import type { WaitingProgram } from "../../../network/program.ts";
import { standFor } from "../events/tell-again.ts";
import { type PendingNetwork, prepareNetwork } from "../networks/attach.ts";
import type { Reservation } from "../state-store.ts";
import type { KeptNetwork } from "./kept.ts";

/** How much of its id a container's host name is, where it has no other. */
const SHORT_ID_LENGTH = 12;

/**
 * Reserves what the container is to have, and writes the two of its files that say so.
 * @throws UserError for an address or a port that cannot be had; then nothing is left of it
 */
export async function takeNetwork(
  { options, hostname }: KeptNetwork,
  { id, name, folder }: Reservation,
  ahead: WaitingProgram,
): Promise<PendingNetwork> {
  const shortId = id.slice(0, SHORT_ID_LENGTH);
  const identity = { id, name, hostname: hostname.replaceAll(standFor(0), shortId) };
  const network = await prepareNetwork(identity, options, undefined, ahead);
  try {
    writeText(`${folder}/hosts`, network.state.hosts);
    writeText(`${folder}/resolv.conf`, network.state.resolvConf);
  } catch (error) {
    network.tearDown();
    throw error;
  }
  return network;
}
