// What `ip -batch` is told: the lines for the host's side, and those for the container's. Pure.
// ip-link(8), ip-address(8), ip-route(8)

import type { Endpoint, NetworkDefinition } from "./definition.ts";
import { mtuOf } from "./definition.ts";
import { makeMac } from "./hardware-address.ts";
import { LOOPBACK6 } from "./ruleset.ts";

/** Makes a network's bridge and gives it its addresses. */
export function planBridge(network: NetworkDefinition): string[] {
  const { link, subnets, ipv6 } = network;
  const lines = [
    `link add name ${link}${planBridgeMac(network)} mtu ${mtuOf(network)} type bridge`,
  ];
  for (const { subnet, gateway } of subnets) {
    if (gateway === "") continue;
    const prefix = subnet.slice(subnet.indexOf("/"));
    // Duplicate address detection would keep an IPv6 address from use for a second or two.
    const extra = gateway.includes(":") ? " nodad" : " broadcast +";
    lines.push(`address add ${gateway}${prefix}${extra} dev ${link}`);
  }
  lines.push(`link set dev ${link} up`);
  // Not in an address of the host's, which would choose it for what it sends; appended, as every bridge
  // has one, and it goes with its bridge.
  if (ipv6) lines.push(`route append local ${LOOPBACK6} dev ${link}`);
  return lines;
}

/**
 * Kernel: a bridge that was given no address has the lowest of its links', so another one each time that a container
 * with a lower or the lowest one comes or goes; all others then lose their way out until they ask who the gateway is.
 */
function planBridgeMac({ subnets }: NetworkDefinition): string {
  const gateway = subnets.find(({ gateway }) => gateway !== "")?.gateway;
  return gateway === undefined ? "" : ` address ${makeMac(gateway)}`;
}

/**
 * Makes the pair of links of an endpoint in one process: the host's end is in the bridge and up, the
 * other one is the container's from the beginning, so a crash leaves no link with a stranger's name.
 * @param netns a pid, or the name of a namespace as ip-netns(8) has them
 */
export function planVeth(endpoint: Endpoint, netns: string): string[] {
  const { hostLink, bridge, name, mac, mtu } = endpoint;
  return [
    `link add name ${hostLink} mtu ${mtu} master ${bridge} type veth ` +
      `peer name ${name} address ${mac} mtu ${mtu} netns ${netns}`,
    // Speed: an address of its own, which nobody asks for, is told to all links of the bridge.
    `link set dev ${hostLink} addrgenmode none`,
    // Kernel: with br_netfilter a container that asks for a port of its own through the host is
    // answered by the same port of the bridge.
    `link set dev ${hostLink} up type bridge_slave hairpin on`,
  ];
}

/** A link on top of one of the host's, in the container from the beginning. */
export function planMacvlan(endpoint: Endpoint, netns: string, mode: string): string[] {
  const { bridge, name, mac, mtu } = endpoint;
  return [
    `link add link ${bridge} name ${name} address ${mac} mtu ${mtu} netns ${netns} type macvlan mode ${mode}`,
  ];
}

/** The same with the parent's own hardware address. */
export function planIpvlan(endpoint: Endpoint, netns: string, mode: string): string[] {
  const { bridge, name, mtu } = endpoint;
  return [
    `link add link ${bridge} name ${name} mtu ${mtu} netns ${netns} type ipvlan mode ${mode}`,
  ];
}

/** What is done inside: addresses, the link comes up, and the way out. */
export function planInside(endpoint: Endpoint): string[] {
  const { name, ip4, ip6, gateway6, hostLink, linkLocal, isDefault } = endpoint;
  const lines: string[] = [];
  if (ip4 !== "") lines.push(`address add ${ip4} broadcast + dev ${name}`);
  if (ip6 !== "") lines.push(`address add ${ip6} nodad dev ${name}`);
  for (const address of linkLocal) {
    const prefix = address.includes(":") ? "/64 nodad" : "/16";
    lines.push(`address add ${address}${prefix} scope link dev ${name}`);
  }
  // As docker has it: IPv6 where the network has it. Speed: see planVeth().
  if (ip6 === "") lines.push(`link set dev ${name} addrgenmode none`);
  lines.push(`link set dev ${name} up`);
  // Also where it has no way out, or by another network; appended, as each of its networks has one.
  const isBridged = hostLink !== "" && ip6 !== "" && gateway6 !== "";
  if (isBridged) lines.push(`route append ${LOOPBACK6} via ${gateway6} dev ${name}`);
  return isDefault ? [...lines, ...planDefaultRoutes(endpoint)] : lines;
}

/** The way out of the container. */
export function planDefaultRoutes({ name, gateway4, gateway6 }: Endpoint): string[] {
  return [gateway4, gateway6]
    .filter((gateway) => gateway !== "")
    .map((gateway) => `route add default via ${gateway} dev ${name}`);
}
