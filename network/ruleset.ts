// The table `inet bunker`: its chains are always the same, networks and published ports are elements
// of its sets and maps. So nothing of anyone else's is touched, adding a port is one element however
// many there are, and a packet meets the same few rules with one port or a thousand. Pure. nft(8)

import { parseAddress } from "./address.ts";
import {
  type Endpoint,
  hasServer,
  isRouted,
  masquerades,
  type NetworkDefinition,
  type PortMapping,
  type Protocol,
} from "./definition.ts";
import type { Published } from "./firewall.ts";

export const TABLE = "inet bunker";

/**
 * Who asks [::1] for a published port, as containers see it: a local route on each bridge that has IPv6,
 * and in each of its containers one that leads to the bridge.
 */
export const LOOPBACK6 = "fd62:756e:6b73::1";

// `flush table` takes the rules away and leaves sets with their elements: with what follows in the
// same transaction, the table is as it should be whatever it was before, and was never without rules.
// Kernel: with br_netfilter a packet may pass postrouting without an incoming interface, and one that
// was redirected by its own bridge never leaves it: so what comes back to where it is from is known by
// its source, and answers to the bridge's address.
// Kernel: what has ::1 in its header and comes by any other link than lo is dropped before there is a
// rule to meet, and IPv6 has no route_localnet. So who asks [::1] for a published port does so from
// LOOPBACK6, before conntrack sees the packet; it is redirected as any other, needs no masquerading, and
// the answer gets ::1 back as the last thing before its socket. From an address that no socket of the
// host's has: in Linux 6.1, say, answers would reach one that has the same port. In a chain of type
// filter, not route: redirecting looks for a route anyway, and one look-up a packet is enough.
// Speed: every packet passes these. So an address is compared before a link's name is looked for in a
// set, and what belongs to a known connection is accepted first.
const BASE = `add table ${TABLE}
flush table ${TABLE}
table ${TABLE} {
  set bridges { type ifname; }
  set internal { type ifname; }
  set named { type ifname; }
  set routed { type ifname; }
  set same { type ifname . ifname; }
  set masquerade4 { type ipv4_addr; flags interval; }
  set masquerade6 { type ipv6_addr; flags interval; }
  map any4 { type inet_proto . inet_service : ipv4_addr . inet_service; }
  map any6 { type inet_proto . inet_service : ipv6_addr . inet_service; }
  map bound4 { type ipv4_addr . inet_proto . inet_service : ipv4_addr . inet_service; }
  map bound6 { type ipv6_addr . inet_proto . inet_service : ipv6_addr . inet_service; }
  set loopback6 { type inet_proto . inet_service; }
  chain publish {
    dnat ip to ip daddr . meta l4proto . th dport map @bound4
    dnat ip to meta l4proto . th dport map @any4
    dnat ip6 to ip6 daddr . meta l4proto . th dport map @bound6
    dnat ip6 to meta l4proto . th dport map @any6
  }
  chain guard {
    type filter hook prerouting priority raw; policy accept;
    ip daddr 127.0.0.0/8 iifname @bridges drop comment "route_localnet is for the host alone: CVE-2020-8558"
  }
  chain requests {
    type filter hook output priority raw; policy accept;
    ip6 saddr ::1 ip6 daddr ::1 meta l4proto . th dport @loopback6 ip6 saddr set ${LOOPBACK6}
  }
  chain answers {
    type filter hook input priority 200; policy accept;
    iif != "lo" ip6 saddr ::1 ip6 daddr ${LOOPBACK6} ip6 daddr set ::1
  }
  chain prerouting {
    type nat hook prerouting priority dstnat; policy accept;
    meta l4proto { tcp, udp } th dport 53 iifname @named fib daddr . iif type local accept comment "our own DNS, whoever has published that port"
    fib daddr type local jump publish
  }
  chain output {
    type nat hook output priority -100; policy accept;
    fib daddr type local jump publish
  }
  chain postrouting {
    type nat hook postrouting priority srcnat; policy accept;
    oifname @bridges ip saddr 127.0.0.0/8 masquerade
    oifname @bridges ct status dnat ip saddr @masquerade4 masquerade
    oifname @bridges ct status dnat ip6 saddr @masquerade6 masquerade
    oifname != @bridges ip saddr @masquerade4 masquerade
    oifname != @bridges ip6 saddr @masquerade6 masquerade
  }
  chain forward {
    type filter hook forward priority filter; policy accept;
    ct state established,related accept
    iifname . oifname @same accept
    iifname @internal drop
    oifname @internal drop
    ct status dnat accept
    iifname @bridges oifname @bridges drop
    oifname @routed accept
    oifname @bridges drop comment "what is not published is not reached, whoever has a route to it"
  }
}
`;

/** Takes all published ports away. */
export const FLUSH_PORTS = ["map any4", "map any6", "map bound4", "map bound6", "set loopback6"]
  .map((what) => `flush ${what.replace(" ", ` ${TABLE} `)}\n`)
  .join("");

/** The whole table with these networks, over whatever is there of it. */
export function formatRuleset(networks: readonly NetworkDefinition[]): string {
  return BASE + networks.map(formatNetwork).join("");
}

/** What a bridge adds to the sets. */
export function formatNetwork(network: NetworkDefinition): string {
  return listNetworkElements(network)
    .map(([set, element]) => `add element ${TABLE} ${set} { ${element} }\n`)
    .join("");
}

/** Takes a bridge out of the sets. A statement each, as one that is not there fails the rest. */
export function formatNetworkRemoval(network: NetworkDefinition): string[] {
  return listNetworkElements(network).map(
    ([set, element]) => `delete element ${TABLE} ${set} { ${element} }\n`,
  );
}

function listNetworkElements(network: NetworkDefinition): [set: string, element: string][] {
  const { link, internal, subnets } = network;
  const elements: [string, string][] = [
    ["bridges", `"${link}"`],
    ["same", `"${link}" . "${link}"`],
  ];
  if (internal) elements.push(["internal", `"${link}"`]);
  if (hasServer(network)) elements.push(["named", `"${link}"`]);
  if (isRouted(network)) elements.push(["routed", `"${link}"`]);
  if (!masquerades(network)) return elements;
  for (const { subnet } of subnets) {
    elements.push([subnet.includes(":") ? "masquerade6" : "masquerade4", subnet]);
  }
  return elements;
}

/** Where published ports lead: addresses without their prefixes, "" for none. */
export interface PublishTarget {
  readonly ip4: string;
  readonly ip6: string;
}

export const publishTarget = ({ ip4, ip6 }: Pick<Endpoint, "ip4" | "ip6">): PublishTarget => ({
  ip4: ip4.replace(/\/.*/, ""),
  ip6: ip6.replace(/\/.*/, ""),
});

/** What a container has published: all of it leads to its first link. undefined for nothing. */
export function publishedOf({
  ports,
  endpoints: [first],
}: {
  readonly ports: readonly PortMapping[];
  readonly endpoints: readonly Endpoint[];
}): Published | undefined {
  if (first === undefined || ports.length === 0) return undefined;
  return { ports, target: publishTarget(first) };
}

/** An element of one of the maps, or of a set. */
export interface PortElement {
  readonly where: "any4" | "any6" | "bound4" | "bound6" | "loopback6";
  /** "" where it is no part of the key. */
  readonly hostIp: string;
  readonly protocol: Protocol;
  readonly hostPort: number;
  /** Where it leads; "" of a set. */
  readonly ip: string;
  readonly containerPort: number;
}

/** Adds ports: one statement for each map, however many ports. */
export function formatPorts(ports: readonly PortMapping[], target: PublishTarget): string {
  let text = "";
  for (const [where, elements] of groupByMap(listPortElements(ports, target))) {
    text += `add element ${TABLE} ${where} { ${elements.map(formatElement).join(", ")} }\n`;
  }
  return text;
}

function formatElement(element: PortElement): string {
  const { hostIp, protocol, hostPort, ip, containerPort } = element;
  const key = `${hostIp === "" ? "" : `${hostIp} . `}${protocol} . ${hostPort}`;
  return ip === "" ? key : `${key} : ${ip} . ${containerPort}`;
}

/** The same elements, each map's together. */
export function groupByMap(elements: readonly PortElement[]): Map<string, PortElement[]> {
  const maps = new Map<string, PortElement[]>();
  for (const element of elements) {
    const list = maps.get(element.where);
    if (list === undefined) maps.set(element.where, [element]);
    else list.push(element);
  }
  return maps;
}

/** What ports are in the table. */
export function listPortElements(
  ports: readonly PortMapping[],
  { ip4, ip6 }: PublishTarget,
): PortElement[] {
  const elements: PortElement[] = [];
  for (const { protocol, hostIp, hostPort, containerPort } of ports) {
    const host = hostIp === "" ? undefined : parseAddress(hostIp);
    const isAny = host === undefined || host.value === 0n;
    const port = { hostIp: isAny ? "" : hostIp, protocol, hostPort, containerPort };
    if (ip4 !== "" && host?.family !== 6) {
      elements.push({ where: isAny ? "any4" : "bound4", ...port, ip: ip4 });
    }
    if (ip6 === "" || host?.family === 4) continue;
    elements.push({ where: isAny ? "any6" : "bound6", ...port, ip: ip6 });
    if (isAny || host?.value === 1n) {
      elements.push({ where: "loopback6", ...port, hostIp: "", ip: "" });
    }
  }
  return elements;
}
