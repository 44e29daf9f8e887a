// What a network is, and what a container has of it: the values that the plans are made of.

/** A subnet of a network; at most one of each family. */
export interface NetworkSubnet {
  /** `10.1.0.0/16` */
  readonly subnet: string;
  /** The bridge's own address; of macvlan and ipvlan the router's. "" for none. */
  readonly gateway: string;
  /** Where addresses are taken from, where that is less than the subnet. */
  readonly range?: string;
  /** Addresses of others, by what they are called: no container gets one. */
  readonly reserved?: Readonly<Record<string, string>>;
}

export type DriverName = "bridge" | "macvlan" | "ipvlan";

/** A network: DATA/networks/NAME.json. */
export interface NetworkDefinition {
  readonly id: string;
  readonly name: string;
  readonly driver: DriverName;
  readonly createdMs: number;
  /** The bridge's name. */
  readonly link: string;
  readonly subnets: readonly NetworkSubnet[];
  readonly ipv6: boolean;
  /** No way out. */
  readonly internal: boolean;
  readonly attachable: boolean;
  readonly labels: Readonly<Record<string, string>>;
  /** docker's `-o`: mtu, parent, macvlan_mode, ipvlan_mode … */
  readonly options: Readonly<Record<string, string>>;
}

/** What a container has in one network. */
export interface Endpoint {
  readonly network: string;
  readonly networkId: string;
  /** The link on the host's side: "" where there is none. */
  readonly hostLink: string;
  /** The bridge, or the parent of a macvlan. */
  readonly bridge: string;
  /** The link in the container, `eth0`. */
  readonly name: string;
  readonly mac: string;
  /** With its prefix: `10.1.0.2/16`; "" for none. */
  readonly ip4: string;
  readonly ip6: string;
  readonly gateway4: string;
  readonly gateway6: string;
  readonly linkLocal: readonly string[];
  /** Names for the DNS, besides the container's own. */
  readonly aliases: readonly string[];
  readonly mtu: number;
  /** Whether its default route is the container's. */
  readonly isDefault: boolean;
}

export type Protocol = "tcp" | "udp" | "sctp";

/** A port of the host that leads to one of a container's. */
export interface PortMapping {
  readonly protocol: Protocol;
  /** "" is every address of the host. */
  readonly hostIp: string;
  readonly hostPort: number;
  readonly containerPort: number;
}

/** The network of containers that name none; docker calls it so too. */
export const DEFAULT_NETWORK = "bridge";

/** Whether containers ask its bridge for names: docker's rule. */
export const hasServer = ({ name }: Pick<NetworkDefinition, "name">): boolean =>
  name !== DEFAULT_NETWORK;

const MTU_OPTION = "com.docker.network.driver.mtu";
const DEFAULT_MTU = 1500;
const GATEWAY_MODE = "com.docker.network.bridge.gateway_mode_ipv4";

export const mtuOf = ({ options }: NetworkDefinition): number =>
  Number(options[MTU_OPTION] ?? options["mtu"] ?? DEFAULT_MTU);

/** Whether what leaves the network takes the host's address. */
export const masquerades = ({ internal, options }: NetworkDefinition): boolean =>
  !internal &&
  options["com.docker.network.bridge.enable_ip_masquerade"] !== "false" &&
  options[GATEWAY_MODE] !== "routed";

/** Whether all ports of its containers can be reached by who has a route to them: docker's modes. */
export const isRouted = ({ options }: NetworkDefinition): boolean =>
  ["routed", "nat-unprotected"].includes(options[GATEWAY_MODE] ?? "nat");
