// The usual network: that of a container for which nobody has named one. Where this machine cannot have
// it the container does without, and a line says why.

import { findProgram } from "../../../network/program.ts";
import type { UnavailableError } from "../../../network/unavailable.ts";
import type { NetworkingOptions } from "../run-options.ts";
import { hasLink } from "./has-link.ts";
import { DEFAULT_LINK } from "./network-store.ts";

type Networks = Pick<NetworkingOptions, "networks">;

export const hasUsual = ({ networks }: Networks): boolean =>
  networks.some(({ isUsual }) => isUsual === true);

export function withoutUsual(networking: NetworkingOptions): NetworkingOptions {
  return {
    ...networking,
    networks: networking.networks.filter(({ isUsual }) => isUsual !== true),
  };
}

/** Whether it is there to be joined: then neither a program nor the kernel is in the way. */
export const isThere = (networking: Networks): boolean =>
  !hasUsual(networking) || (findProgram("ip") !== undefined && hasLink(DEFAULT_LINK));

/** One line, as it may be told at each run. */
export const describeLack = ({ message, hint }: UnavailableError): string =>
  `the container has no network: ${message}${hint === undefined ? "" : `; ${hint}`}`;
