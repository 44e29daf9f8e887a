// What lists and `inspect` say of a container's networks: docker's words and shapes.

import type { Endpoint, PortMapping } from "../../../network/definition.ts";
import { type Attachment, readAttachment } from "./attachments.ts";
import { netnsPath } from "./netns-path.ts";
import { NetworkStore } from "./network-store.ts";

/** The column PORTS: `0.0.0.0:8080->80/tcp`, ranges of ports being one. */
export function formatPorts({ ports, endpoints }: Attachment): string {
  const has6 = (endpoints[0]?.ip6 ?? "") !== "";
  return ports
    .flatMap((port) =>
      listHostAddresses(port, has6).map((host) => `${host}->${formatTarget(port)}`),
    )
    .join(", ");
}

export const formatTarget = ({ containerPort, protocol }: PortMapping): string =>
  `${containerPort}/${protocol}`;

/** `0.0.0.0:8080`, and `[::]:8080` where the container has IPv6. */
export function listHostAddresses({ hostIp, hostPort }: PortMapping, has6: boolean): string[] {
  if (hostIp !== "")
    return [hostIp.includes(":") ? `[${hostIp}]:${hostPort}` : `${hostIp}:${hostPort}`];
  return has6 ? [`0.0.0.0:${hostPort}`, `[::]:${hostPort}`] : [`0.0.0.0:${hostPort}`];
}

/** The ports of a container for `ps`; "" where it has none. */
export function describePorts(id: string): string {
  const attachment = readAttachment(new NetworkStore(), id);
  return attachment === undefined ? "" : formatPorts(attachment);
}

/** The names of a container's networks. */
export function listNetworkNames(id: string): readonly string[] {
  return readAttachment(new NetworkStore(), id)?.endpoints.map(({ network }) => network) ?? [];
}

const addressOf = (ip: string): string => ip.replace(/\/.*/, "");
const prefixOf = (ip: string): number => (ip === "" ? 0 : Number(ip.slice(ip.indexOf("/") + 1)));

/** docker's `NetworkSettings` of a container. */
export function describeNetworks(id: string): object {
  const attachment = readAttachment(new NetworkStore(), id);
  const endpoints = attachment?.endpoints ?? [];
  const bridge = endpoints.find(({ network }) => network === "bridge");
  const networks: Record<string, object> = {};
  for (const endpoint of endpoints) networks[endpoint.network] = describeEndpoint(endpoint, id);
  return {
    Bridge: "",
    SandboxID: id,
    SandboxKey: attachment === undefined ? "" : netnsPath(id),
    Ports: describePublished(attachment),
    Gateway: bridge?.gateway4 ?? "",
    IPAddress: addressOf(bridge?.ip4 ?? ""),
    IPPrefixLen: prefixOf(bridge?.ip4 ?? ""),
    IPv6Gateway: bridge?.gateway6 ?? "",
    GlobalIPv6Address: addressOf(bridge?.ip6 ?? ""),
    GlobalIPv6PrefixLen: prefixOf(bridge?.ip6 ?? ""),
    MacAddress: bridge?.mac ?? "",
    Networks: networks,
  };
}

function describeEndpoint(endpoint: Endpoint, id: string): object {
  const { aliases, networkId, gateway4, gateway6, ip4, ip6, mac } = endpoint;
  return {
    IPAMConfig: null,
    Links: null,
    Aliases: aliases.length === 0 ? null : aliases,
    MacAddress: mac,
    NetworkID: networkId,
    EndpointID: `${id.slice(0, 32)}${networkId.slice(0, 32)}`,
    Gateway: gateway4,
    IPAddress: addressOf(ip4),
    IPPrefixLen: prefixOf(ip4),
    IPv6Gateway: gateway6,
    GlobalIPv6Address: addressOf(ip6),
    GlobalIPv6PrefixLen: prefixOf(ip6),
    DNSNames: [...aliases, id.slice(0, 12)],
  };
}

function describePublished(attachment: Attachment | undefined): object {
  const has6 = (attachment?.endpoints[0]?.ip6 ?? "") !== "";
  const ports: Record<string, object[]> = {};
  for (const port of attachment?.ports ?? []) {
    const list = (ports[formatTarget(port)] ??= []);
    const any = has6 ? ["0.0.0.0", "::"] : ["0.0.0.0"];
    for (const ip of port.hostIp === "" ? any : [port.hostIp]) {
      list.push({ HostIp: ip, HostPort: String(port.hostPort) });
    }
  }
  return ports;
}
