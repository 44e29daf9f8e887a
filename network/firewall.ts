// The rules of networks as whoever sets them is told them: nft, or iptables where that is all there is.

import type { NetworkDefinition, PortMapping } from "./definition.ts";
import { iptables } from "./iptables.ts";
import { nftables } from "./nftables.ts";
import { findProgram } from "./program.ts";
import type { PublishTarget } from "./ruleset.ts";
import { UnavailableError } from "./unavailable.ts";

/** Something that a program is told at once. */
export interface Transaction {
  readonly program: string;
  readonly args: readonly string[];
  readonly text: string;
}

/** What a container has published. */
export interface Published {
  readonly ports: readonly PortMapping[];
  readonly target: PublishTarget;
}

/** A change that was started: waits until it is done; false where some of it could not be. */
export type Change = () => boolean;

export interface Firewall {
  /**
   * Everything as it should be, whatever somebody has made of it: these networks, and these ports.
   * @throws UserError with the program's own words
   */
  rebuild(networks: readonly NetworkDefinition[], published: readonly Published[]): void;
  /** Adds ports. */
  addPorts(published: Published): Change;
  /** What that is in words; nothing where none of them leads anywhere. */
  planPorts(published: Published): Transaction[];
  /** Takes the same ports away again, those that are there. */
  removePorts(published: Published): Change;
  /** The same, to be left to a process that nobody waits for; nothing where it needs none. */
  planLateRemoval(published: Published): Transaction[];
  planNetworkRemoval(network: NetworkDefinition): Transaction[];
  /** In a container's own namespace: leads who asks an address for names to these ports of it. */
  planServer(address: string, ports: { readonly udp: number; readonly tcp: number }): Transaction;
  /** Its parts, for when one is missing, for which none of them was taken away. */
  split(transaction: Transaction): Transaction[];
}

/** Who sets the rules here. @throws UnavailableError where nobody can */
export function findFirewall(): Firewall {
  if (findProgram("nft") !== undefined) return nftables;
  if (findProgram("iptables-restore") !== undefined) return iptables;
  throw new UnavailableError(
    "networks need nft, which is not installed, nor is iptables",
    "install the package that has it: nftables",
  );
}
