// Addresses of networks and ports of the host, each a symlink that says whose it is. Nobody can have
// what another has, however many start at once, and no lock is held.

import {
  listDirectory,
  makeDirectoryTree,
  makeSymlink,
  readLink,
  readTextIfThere,
  removeFile,
  tryLink,
} from "../../../ffi/files.ts";
import { isPortTaken } from "../../../ffi/inet.ts";
import { isSyscallError } from "../../../ffi/syscall-error.ts";
import {
  addressAt,
  contains,
  formatAddress,
  lastOf,
  parseAddress,
  parseSubnet,
  type Subnet,
} from "../../../network/address.ts";
import {
  hasServer,
  type NetworkDefinition,
  type NetworkSubnet,
  type PortMapping,
  type Protocol,
} from "../../../network/definition.ts";
import { findPortHolder, isHeldOnly } from "../../../network/port-holder.ts";
import { UserError } from "../../errors.ts";
import type { PublishOption } from "../run-options.ts";
import type { NetworkStore } from "./network-store.ts";
import { boundPorts, markOf, portPath, releasePort } from "./release.ts";

/** Makes a reservation; false where another has it. The folder is made when it is missing. */
function reserve(path: string, id: string): boolean {
  try {
    return makeSymlink(markOf(id), path);
  } catch (error) {
    if (!isSyscallError(error, "ENOENT")) throw error;
    makeDirectoryTree(path.slice(0, path.lastIndexOf("/")), 0o711);
    return makeSymlink(markOf(id), path);
  }
}

const addressFolder = (store: NetworkStore, { name }: { readonly name: string }): string =>
  store.folder(`addresses/${name}`);

/**
 * An address of a subnet, with its prefix, the container's own from now on.
 * @param asked "" for any
 * @throws UserError: it is not in the subnet, another has it, none is left
 */
export function reserveAddress(
  store: NetworkStore,
  network: NetworkDefinition,
  part: NetworkSubnet,
  asked: string,
  id: string,
): string {
  const subnet = parseSubnet(part.subnet);
  if (subnet === undefined) throw new Error(`network ${network.name} has a bad subnet`);
  const folder = addressFolder(store, network);
  if (asked !== "")
    return `${reserveAsked(folder, network, part, subnet, asked, id)}/${subnet.prefix}`;
  const range = (part.range === undefined ? undefined : parseSubnet(part.range)) ?? subnet;
  const gateway = parseAddress(part.gateway)?.value;
  const taken = new Set<string>(Object.values(part.reserved ?? {}));
  for (const { name } of listDirectory(folder) ?? []) taken.add(name);
  const end = subnet.family === 4 && subnet.prefix < 31 ? lastOf(subnet) : lastOf(subnet) + 1n;
  const count = lastOf(range) - range.base + 1n;
  // Not the one that was given back last: its namespace may be on its way out still.
  const hint = `${folder}/${lastName(subnet)}`;
  const last = parseAddress(readLink(hint) ?? "");
  const start = last !== undefined && contains(range, last) ? last.value - range.base + 1n : 0n;
  for (let step = 0n; step < count; step++) {
    const value = range.base + ((start + step) % count);
    if (value === subnet.base || value === gateway || value >= end) continue;
    const text = formatAddress({ family: subnet.family, value });
    if (taken.has(text) || !reserve(`${folder}/${text}`, id)) continue;
    removeFile(hint);
    makeSymlink(text, hint);
    return `${text}/${subnet.prefix}`;
  }
  throw new UserError(
    `network "${network.name}" has no address left in ${part.range ?? part.subnet}`,
    "stop a container, or make a network with a larger --subnet",
  );
}

const lastName = ({ family }: Subnet): string => `last-${family}`;

function reserveAsked(
  folder: string,
  { name }: NetworkDefinition,
  { gateway, subnet: subnetText, reserved = {} }: NetworkSubnet,
  subnet: Subnet,
  asked: string,
  id: string,
): string {
  const address = parseAddress(asked);
  if (address === undefined || !contains(subnet, address)) {
    throw new UserError(
      `address ${asked} is not in network "${name}": its subnet is ${subnetText}`,
    );
  }
  const text = formatAddress(address);
  const isEnd =
    subnet.family === 4 &&
    subnet.prefix < 31 &&
    (address.value === subnet.base || address.value === lastOf(subnet));
  if (text === gateway || isEnd) {
    const whose = isEnd ? "the network's own" : "the gateway's";
    throw new UserError(`address ${asked} of network "${name}" is ${whose}`);
  }
  const other = Object.keys(reserved).find((name) => reserved[name] === text);
  if (other !== undefined) {
    throw new UserError(`address ${asked} of network "${name}" is reserved for ${other}`);
  }
  if (reserve(`${folder}/${text}`, id)) return text;
  const owner = readLink(`${folder}/${text}`) ?? "";
  throw new UserError(
    `address ${asked} of network "${name}" is taken by container ${owner.slice(0, 12)}`,
    "choose another --ip, or stop that container first",
  );
}

/** The first address behind a subnet's own: what a gateway gets when nobody says. */
export const firstAddress = (subnet: Subnet): string => formatAddress(addressAt(subnet, 1n));

/**
 * The ports of the host that were asked for, the container's own from now on.
 * @param onReserved is told of each at once, so that a failure gives them back
 * @param hasSix whether they lead to the container by IPv6 as well
 * @throws UserError: one is taken, and by whom
 */
export function reservePorts(
  store: NetworkStore,
  asked: readonly PublishOption[],
  id: string,
  onReserved: (port: PortMapping) => void,
  hasSix: boolean,
): void {
  const exact: PortMapping[] = [];
  for (const option of asked) if (isExact(option)) exact.push(makePort(option, option.hostPort));
  let made = "";
  for (const port of exact) {
    const path = portPath(store, port);
    // Speed: on a disk another name of a symlink takes a quarter of the time of another symlink.
    const isNamed = made !== "" && tryLink(made, path);
    if (!isNamed && !reserve(path, id)) throw takenPort(port, ownerOf(path));
    onReserved(port);
    made = path;
  }
  // Order: all of them are ours, or at least claimed, before it is looked who else has claimed one.
  const bound = exact.length === 0 ? [] : listBound(store);
  for (const port of exact) {
    const owner = findRival(store, bound, port) ?? findProcess(store, port, hasSix);
    if (owner !== undefined) throw takenPort(port, owner);
  }
  for (const option of asked)
    if (!isExact(option)) onReserved(chooseFreePort(store, option, id, hasSix));
}

const isExact = ({ hostPort, hostPortLast }: PublishOption): boolean =>
  hostPort !== 0 && hostPort === hostPortLast;

const makePort = ({ protocol, hostIp, containerPort }: PublishOption, hostPort: number) => ({
  protocol,
  hostIp,
  hostPort,
  containerPort,
});

function takenPort({ hostPort, protocol, hostIp }: PortMapping, owner: string): UserError {
  const where = hostIp === "" ? "" : ` of ${hostIp}`;
  return new UserError(
    `port ${hostPort}/${protocol}${where} is taken by ${owner}`,
    "choose another host port, or stop what has it",
  );
}

function chooseFreePort(
  store: NetworkStore,
  option: PublishOption,
  id: string,
  hasSix: boolean,
): PortMapping {
  const { protocol, hostPort, hostPortLast } = option;
  const [first, last] = hostPort === 0 ? ephemeralRange() : [hostPort, hostPortLast];
  const count = last - first + 1;
  // Race: those who start at once do not all begin at the same place.
  const start = hostPort === 0 ? Math.floor(Math.random() * count) : 0;
  for (let step = 0; step < count; step++) {
    const port = makePort(option, first + ((start + step) % count));
    if (!reserve(portPath(store, port), id)) continue;
    if (findRival(store, listBound(store), port) ?? findProcess(store, port, hasSix))
      releasePort(store, port);
    else return port;
  }
  throw new UserError(`no port is free between ${first} and ${last} (${protocol})`);
}

function ephemeralRange(): [first: number, last: number] {
  const text = readTextIfThere("/proc/sys/net/ipv4/ip_local_port_range") ?? "32768 60999";
  const [first = 32768, last = 60999] = text.trim().split(/\s+/).map(Number);
  return [first, last];
}

/** The ports that are on a single address: most often there is none. */
const listBound = (store: NetworkStore): string[] =>
  (listDirectory(boundPorts(store)) ?? []).map(({ name }) => name);

const ownerOf = (path: string): string => `container ${(readLink(path) ?? "").slice(0, 12)}`;

/** A port on every address and one on some address are in each other's way. */
function findRival(
  store: NetworkStore,
  bound: readonly string[],
  port: PortMapping,
): string | undefined {
  const { protocol, hostPort, hostIp } = port;
  if (hostIp !== "") {
    const open = portPath(store, { ...port, hostIp: "" });
    if (readLink(open) !== undefined) return ownerOf(open);
  }
  const prefix = `${protocol}-${hostPort}-`;
  for (const name of bound) {
    if (!name.startsWith(prefix)) continue;
    const otherIp = name.slice(prefix.length);
    const isRival = otherIp !== hostIp && (isAny(otherIp) || isAny(hostIp));
    if (isRival) return ownerOf(`${boundPorts(store)}/${name}`);
  }
  return undefined;
}

const isAny = (ip: string): boolean => ip === "" || ip === "0.0.0.0" || ip === "::";

const DNS_PORT = 53;

/** Our DNS is on the addresses of bridges alone, and who asks it there is not led elsewhere. */
function isOwnServer(store: NetworkStore, protocol: Protocol, port: number): boolean {
  if (port !== DNS_PORT) return false;
  const named = store.list().filter(hasServer);
  const gateways = named.flatMap(({ subnets }) => subnets.map(({ gateway }) => gateway));
  return isHeldOnly(protocol, port, gateways);
}

function findProcess(
  store: NetworkStore,
  { protocol, hostIp, hostPort }: PortMapping,
  hasSix: boolean,
): string | undefined {
  const isTaken =
    isPortTaken(protocol, hostIp === "" ? "0.0.0.0" : hostIp, hostPort) ||
    (hostIp === "" && hasSix && isPortTaken(protocol, "::", hostPort));
  if (!isTaken || (isAny(hostIp) && isOwnServer(store, protocol, hostPort))) return undefined;
  return findPortHolder(protocol, hostPort) ?? "another program";
}
