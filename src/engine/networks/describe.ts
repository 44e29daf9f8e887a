// What lists and `inspect` say of a container's networks: docker's words and shapes.

import type { KeptContainer, KeptOptions } from "../containers/kept.ts";
import type { Endpoint, PortMapping } from "../../../network/definition.ts";
import type { ContainerDetails } from "../container-details.ts";
import { parseExposed } from "../images/container-config.ts";
import type { PortOption } from "../run-options.ts";
import { type Attachment, readAttachment } from "./attachments.ts";
import { netnsPath } from "./netns-path.ts";
import { formatDisplayedPorts } from "./displayed-ports.ts";
import { NetworkStore } from "./network-store.ts";

/** The column PORTS. @param exposed what is not published besides */
function formatPorts({ ports, endpoints }: Attachment, exposed: readonly PortOption[]): string {
  const has6 = (endpoints[0]?.ip6 ?? "") !== "";
  const isPublished = ({ port, protocol }: PortOption): boolean =>
    ports.some((one) => one.containerPort === port && one.protocol === protocol);
  return formatDisplayedPorts([
    ...exposed
      .filter((port) => !isPublished(port))
      .map(({ port, protocol }) => ({ containerPort: port, protocol })),
    ...ports.flatMap(({ containerPort, protocol, hostIp, hostPort }) =>
      (hostIp !== "" ? [hostIp] : has6 ? ["0.0.0.0", "::"] : ["0.0.0.0"]).map((ip) => ({
        containerPort,
        protocol,
        host: { ip, port: hostPort },
      })),
    ),
  ]);
}

const formatTarget = ({ containerPort, protocol }: PortMapping): string =>
  `${containerPort}/${protocol}`;

/** The ports of a container for `ps`; "" where it has none. @param findExposed see listExposed() */
export function describePorts(
  attachment: Attachment | undefined,
  findExposed: () => readonly PortOption[],
): string {
  return attachment === undefined ? "" : formatPorts(attachment, findExposed());
}

/** Ports that the flags or the image name, published or not. */
export function listExposed(
  { networking }: KeptOptions,
  details: ContainerDetails | undefined,
): readonly PortOption[] {
  const { expose = [], publish = [] } = networking ?? {};
  const { ExposedPorts = {} } = details?.config ?? {};
  const published = publish.map(({ containerPort, protocol }) => ({
    port: containerPort,
    protocol,
  }));
  return [...expose, ...published, ...parseExposed(Object.keys(ExposedPorts))];
}

/** The names of a container's networks, which it has or will have. */
export function listNetworkNames(
  options: KeptOptions,
  attachment: Attachment | undefined,
): readonly string[] {
  const endpoints = attachment?.endpoints ?? [];
  return endpoints.length > 0 ? endpoints.map(({ network }) => network) : listWanted(options);
}

const addressOf = (ip: string): string => ip.replace(/\/.*/, "");
const prefixOf = (ip: string): number => (ip === "" ? 0 : Number(ip.slice(ip.indexOf("/") + 1)));

/** docker's `NetworkSettings` of a container. @param isUp else its networks are named, and no more */
export function describeNetworks({ id, options }: KeptContainer, isUp: boolean): object {
  const attachment = readAttachment(new NetworkStore(), id);
  const endpoints = attachment?.endpoints ?? [];
  const bridge = endpoints.find(({ network }) => network === "bridge");
  const networks: Record<string, object> = {};
  for (const name of listWanted(options)) networks[name] = describeEndpoint(NO_ENDPOINT, "");
  for (const endpoint of endpoints) networks[endpoint.network] = describeEndpoint(endpoint, id);
  return {
    Bridge: "",
    SandboxID: isUp ? id : "",
    SandboxKey: attachment === undefined ? "" : netnsPath(id),
    Ports: describePublished(attachment),
    HairpinMode: false,
    LinkLocalIPv6Address: "",
    LinkLocalIPv6PrefixLen: 0,
    SecondaryIPAddresses: null,
    SecondaryIPv6Addresses: null,
    EndpointID: bridge === undefined ? "" : makeEndpointId(id, bridge.networkId),
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

/** docker has networks of the names `none` and `host`. */
function listWanted({ network, networking }: KeptOptions): readonly string[] {
  const named = networking?.networks.map(({ name }) => name) ?? [];
  if (named.length > 0) return named;
  return network.kind === "none" || network.kind === "host" ? [network.kind] : [];
}

type Told = Pick<
  Endpoint,
  "aliases" | "networkId" | "gateway4" | "gateway6" | "ip4" | "ip6" | "mac"
>;

const NO_ENDPOINT: Told = {
  aliases: [],
  networkId: "",
  gateway4: "",
  gateway6: "",
  ip4: "",
  ip6: "",
  mac: "",
};

const makeEndpointId = (id: string, networkId: string): string =>
  `${id.slice(0, 32)}${networkId.slice(0, 32)}`;

/** @param id "" of a container that does not run */
function describeEndpoint(endpoint: Told, id: string): object {
  const { aliases, networkId, gateway4, gateway6, ip4, ip6, mac } = endpoint;
  return {
    IPAMConfig: null,
    Links: null,
    Aliases: aliases.length === 0 ? null : aliases,
    DriverOpts: null,
    MacAddress: mac,
    NetworkID: networkId,
    EndpointID: id === "" ? "" : makeEndpointId(id, networkId),
    Gateway: gateway4,
    IPAddress: addressOf(ip4),
    IPPrefixLen: prefixOf(ip4),
    IPv6Gateway: gateway6,
    GlobalIPv6Address: addressOf(ip6),
    GlobalIPv6PrefixLen: prefixOf(ip6),
    DNSNames: id === "" ? null : [...aliases, id.slice(0, 12)],
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
