// In which networks containers find each other by name: docker's rule.

import type { Endpoint } from "../../../network/definition.ts";
import { DEFAULT_NETWORK } from "./network-store.ts";

/** Where there is a bridge to ask, but not in the default network. */
export const hasNames = ({ network, hostLink, gateway4 }: Endpoint): boolean =>
  network !== DEFAULT_NETWORK && hostLink !== "" && gateway4 !== "";
