// `network create`: a network is defined; its bridge is made at its first use.

import {
  contains,
  formatAddress,
  formatSubnet,
  overlaps,
  parseAddress,
  parseSubnet,
  type Subnet,
} from "../../../network/address.ts";
import type { DriverName, NetworkDefinition, NetworkSubnet } from "../../../network/definition.ts";
import { drivers } from "../../../network/driver.ts";
import { UserError } from "../../errors.ts";
import { makeId } from "../names.ts";
import { chooseFreeSubnet, listTakenSubnets } from "./ensure-network.ts";
import { hasLink } from "./has-link.ts";
import { NetworkStore } from "./network-store.ts";
import { firstAddress } from "./reserve.ts";
import { tellNetwork } from "../events/tell-of-things.ts";

export interface CreateNetworkOptions {
  readonly name: string;
  readonly driver: string;
  readonly subnets: readonly string[];
  readonly ranges: readonly string[];
  readonly gateways: readonly string[];
  /** Name → address. */
  readonly reserved: Readonly<Record<string, string>>;
  readonly ipv6: boolean;
  readonly internal: boolean;
  readonly attachable: boolean;
  readonly labels: Readonly<Record<string, string>>;
  readonly options: Readonly<Record<string, string>>;
}

/** Names that --network has another meaning for. */
const RESERVED = ["bridge", "default", "bunker0", "host", "none"];

/** Its id. @throws UserError for what cannot be */
export function createNetwork(options: CreateNetworkOptions): string {
  const driver = checkDriver(options);
  checkName(options.name);
  const store = new NetworkStore();
  using lock = store.lock("exclusive");
  void lock;
  if (store.read(options.name) !== undefined) {
    throw refuse(`network with name ${options.name} already exists`);
  }
  const id = makeId();
  const { name, ipv6, internal, attachable, labels, options: given } = options;
  const network: NetworkDefinition = {
    id,
    name,
    driver,
    createdMs: Date.now(),
    link: drivers[driver].hasBridge
      ? (given["com.docker.network.bridge.name"] ?? `bk-${id.slice(0, 12)}`)
      : "",
    subnets: chooseSubnets(options, store),
    ipv6,
    internal,
    attachable,
    labels,
    options: given,
  };
  checkLinks(network);
  drivers[driver].validate(network);
  store.write(network);
  tellNetwork("create", network);
  return id;
}

const refuse = (message: string, hint?: string): UserError => new UserError(message, hint, 1);

function checkDriver({ driver }: CreateNetworkOptions): DriverName {
  if (driver === "bridge" || driver === "macvlan" || driver === "ipvlan") return driver;
  if (driver === "host" || driver === "none" || driver === "null") {
    throw refuse(`only one instance of "${driver}" network is allowed`);
  }
  throw refuse(`plugin "${driver}" not found`, "the drivers are bridge, macvlan and ipvlan");
}

function checkName(name: string): void {
  if (RESERVED.includes(name)) {
    throw refuse(`operation is not permitted on predefined ${name} network`);
  }
  if (/^[a-zA-Z0-9][a-zA-Z0-9_.-]*$/.test(name)) return;
  throw refuse(
    `invalid network name "${name}"`,
    "letters, digits and _.- , the first one a letter or a digit",
  );
}

function checkLinks({ driver, link, options }: NetworkDefinition): void {
  const parent = options["parent"];
  if (driver !== "bridge" && parent !== undefined && !hasLink(parent)) {
    throw refuse(`link ${parent} does not exist`, "ip -br link shows those that there are");
  }
  if (driver === "bridge" && !/^[^\s/:]{1,15}$/.test(link)) {
    throw refuse(`invalid bridge name "${link}"`, "15 characters at most, without / and :");
  }
  if (driver === "bridge" && hasLink(link)) throw refuse(`link ${link} is there already`);
  const mtu = options["com.docker.network.driver.mtu"] ?? options["mtu"];
  if (mtu !== undefined && !(/^\d{2,5}$/.test(mtu) && Number(mtu) >= 68 && Number(mtu) <= 65535)) {
    throw refuse(`invalid MTU: "${mtu}"`, "a number from 68 to 65535");
  }
}

function chooseSubnets(options: CreateNetworkOptions, store: NetworkStore): NetworkSubnet[] {
  const { subnets, ranges, gateways, ipv6 } = options;
  const taken = listTakenSubnets(store.list());
  // A container on a link of the host's is in the subnet that the host is in.
  const rivals = options.driver === "bridge" ? taken : listOwnSubnets(store);
  const parts = subnets.map((text) => checkSubnet(text, rivals));
  const chosen: NetworkSubnet[] = parts.map((subnet) => ({
    subnet: formatSubnet(subnet),
    gateway: findGateway(subnet, gateways),
    ...findRange(subnet, ranges),
    ...findReserved(subnet, options),
  }));
  checkReserved(parts, options);
  for (const text of [...ranges, ...gateways]) {
    const address = parseAddress(text.replace(/\/.*/, ""));
    if (address !== undefined && parts.some((subnet) => contains(subnet, address))) continue;
    throw refuse(`no matching subnet for ${ranges.includes(text) ? "range" : "gateway"} ${text}`);
  }
  const has = (family: 4 | 6): boolean => parts.some((subnet) => subnet.family === family);
  for (const [index, subnet] of parts.entries()) {
    if (parts.slice(0, index).some((other) => other.family === subnet.family)) {
      throw refuse(
        `a network has one subnet of each family: got another with ${formatSubnet(subnet)}`,
      );
    }
  }
  if (!has(4)) chosen.unshift(chooseFreeSubnet(4, [...taken, ...parts]));
  if (ipv6 && !has(6)) chosen.push(chooseFreeSubnet(6, [...taken, ...parts]));
  return chosen;
}

const listOwnSubnets = (store: NetworkStore): Subnet[] =>
  store
    .list()
    .flatMap((network) => network.subnets.flatMap(({ subnet }) => parseSubnet(subnet) ?? []));

function checkSubnet(text: string, taken: readonly Subnet[]): Subnet {
  const subnet = parseSubnet(text);
  if (subnet === undefined) throw refuse(`invalid CIDR block notation: "${text}"`, "ADDRESS/BITS");
  const least = subnet.family === 4 ? 30 : 126;
  if (subnet.prefix > least || subnet.prefix === 0) {
    throw refuse(`subnet ${text} has no room for a gateway and a container`, `at most /${least}`);
  }
  const rival = taken.find((other) => overlaps(subnet, other));
  if (rival === undefined) return subnet;
  throw refuse(
    `subnet ${text} overlaps ${formatSubnet(rival)}, which this host has a route to or another network`,
    "choose another --subnet, or leave it out",
  );
}

function findGateway(subnet: Subnet, gateways: readonly string[]): string {
  for (const text of gateways) {
    const address = parseAddress(text);
    if (address !== undefined && contains(subnet, address)) return formatAddress(address);
  }
  return firstAddress(subnet);
}

function findReserved(
  subnet: Subnet,
  { reserved }: CreateNetworkOptions,
): Pick<NetworkSubnet, "reserved"> {
  const found: Record<string, string> = {};
  for (const [name, text] of Object.entries(reserved)) {
    const address = parseAddress(text);
    if (address !== undefined && contains(subnet, address)) found[name] = formatAddress(address);
  }
  return Object.keys(found).length === 0 ? {} : { reserved: found };
}

function checkReserved(parts: readonly Subnet[], { reserved }: CreateNetworkOptions): void {
  for (const text of Object.values(reserved)) {
    const address = parseAddress(text);
    if (address !== undefined && parts.some((subnet) => contains(subnet, address))) continue;
    throw refuse(`no matching subnet for aux-address ${text}`);
  }
}

function findRange(subnet: Subnet, ranges: readonly string[]): { range?: string } {
  for (const text of ranges) {
    const range = parseSubnet(text);
    if (range !== undefined && contains(subnet, { family: range.family, value: range.base })) {
      return { range: formatSubnet(range) };
    }
  }
  return {};
}
