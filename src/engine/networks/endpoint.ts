// What a container gets in one network: addresses that it reserves, and names that follow from its id.

import { parseAddress } from "../../../network/address.ts";
import { type Endpoint, mtuOf, type NetworkDefinition } from "../../../network/definition.ts";
import { drivers } from "../../../network/driver.ts";
import { isMac, makeMac } from "../../../network/hardware-address.ts";
import { UserError } from "../../errors.ts";
import type { NetworkOption } from "../run-options.ts";
import { DEFAULT_NETWORK, type NetworkStore } from "./network-store.ts";
import { releaseAddress } from "./release.ts";
import { reserveAddress } from "./reserve.ts";

const ID_DIGITS = 8;
const MOMENT_DIGITS = 4;

/**
 * Fits in the kernel's 15 characters, and says whose link it is.
 * Kernel: a namespace is taken apart when somebody finds the time, and not while anybody holds it: who is
 * started again meets its former link, so each has a name of its own.
 */
function hostLinkName(id: string, index: number): string {
  const moment = (Date.now() % 36 ** MOMENT_DIGITS).toString(36).padStart(MOMENT_DIGITS, "0");
  return `bk${id.slice(0, ID_DIGITS)}${moment}${index.toString(36)}`;
}

/**
 * Reserves the addresses and makes the endpoint.
 * @param others the container's endpoints so far
 * @throws UserError: an address cannot be had
 */
export function planEndpoint(
  store: NetworkStore,
  network: NetworkDefinition,
  id: string,
  index: number,
  others: readonly Endpoint[],
  asked: NetworkOption | undefined,
): Endpoint {
  refuseBadOption(network, asked);
  const part4 = network.subnets.find(({ subnet }) => !subnet.includes(":"));
  const part6 = network.subnets.find(({ subnet }) => subnet.includes(":"));
  const ip4 = part4 === undefined ? "" : reserveAddress(store, network, part4, asked?.ip ?? "", id);
  let ip6 = "";
  try {
    if (part6 !== undefined) ip6 = reserveAddress(store, network, part6, asked?.ip6 ?? "", id);
  } catch (error) {
    releaseAddress(store, network.name, ip4);
    throw error;
  }
  const { hasBridge } = drivers[network.driver];
  const hasDefault = others.some(({ isDefault }) => isDefault);
  return {
    network: network.name,
    networkId: network.id,
    hostLink: hasBridge ? hostLinkName(id, index) : "",
    bridge: hasBridge ? network.link : (network.options["parent"] ?? ""),
    name: `eth${index}`,
    mac: asked?.mac?.toLowerCase() ?? makeMac((ip4 === "" ? ip6 : ip4).replace(/\/.*/, "")),
    ip4,
    ip6,
    gateway4: part4?.gateway ?? "",
    gateway6: part6?.gateway ?? "",
    linkLocal: asked?.linkLocal ?? [],
    aliases: asked?.aliases ?? [],
    mtu: mtuOf(network),
    isDefault: !network.internal && !hasDefault,
  };
}

function refuseBadOption(
  { name, subnets }: NetworkDefinition,
  asked: NetworkOption | undefined,
): void {
  if (asked === undefined) return;
  const { ip, ip6, mac, linkLocal, aliases } = asked;
  if (mac !== undefined && !isMac(mac)) throw new UserError(`${mac} is not a valid mac address`);
  for (const address of linkLocal) {
    if (parseAddress(address) === undefined) throw new UserError(`invalid address: "${address}"`);
  }
  const has = (six: boolean): boolean => subnets.some(({ subnet }) => subnet.includes(":") === six);
  if (ip !== undefined && parseAddress(ip)?.family !== 4) {
    throw new UserError(`invalid IPv4 address: ${ip}`);
  }
  if (ip6 !== undefined && parseAddress(ip6)?.family !== 6) {
    throw new UserError(`invalid IPv6 address: ${ip6}`);
  }
  if ((ip !== undefined && !has(false)) || (ip6 !== undefined && !has(true))) {
    const family = ip !== undefined && !has(false) ? "IPv4" : "IPv6";
    throw new UserError(
      `network "${name}" has no ${family} subnet`,
      "make it with --subnet or --ipv6",
    );
  }
  if (name === DEFAULT_NETWORK && aliases.length > 0) {
    throw new UserError(
      "network-scoped aliases are only supported for user-defined networks",
      "make a network with bunker network create, and name that",
    );
  }
}
