// Makes a network's bridge and its rules where they are not there: at its first use, and at the next
// one after a reboot.

import { fileType, readTextIfThere, writeAll, writeText } from "../../../ffi/files.ts";
import { isSyscallError } from "../../../ffi/syscall-error.ts";
import { formatSubnet, overlaps, parseSubnet, type Subnet } from "../../../network/address.ts";
import type { NetworkDefinition, NetworkSubnet } from "../../../network/definition.ts";
import { planBridge } from "../../../network/link-plan.ts";
import { chooseSubnet, listRoutes } from "../../../network/pool.ts";
import { findFirewall } from "../../../network/firewall.ts";
import { findProgram, mustSucceed, startIp, startProgram } from "../../../network/program.ts";
import { publishedOf } from "../../../network/ruleset.ts";
import { UserError } from "../../errors.ts";
import { makeId } from "../names.ts";
import { runFolder } from "../run-folder.ts";
import { type Attachment, listAttachments } from "./attachments.ts";
import { hasLink } from "./has-link.ts";
import { DEFAULT_LINK, DEFAULT_NETWORK, type NetworkStore } from "./network-store.ts";
import { firstAddress } from "./reserve.ts";

/** Subnets that this host has routes to, or that one of the networks is to have. */
export function listTakenSubnets(networks: readonly NetworkDefinition[]): Subnet[] {
  const shown = [
    startProgram("ip", ["-4", "-json", "route", "show", "table", "all"], ""),
    startProgram("ip", ["-6", "-json", "route", "show"], ""),
  ];
  const taken = shown.flatMap((program) =>
    listRoutes(mustSucceed("read this host's routes", program)),
  );
  for (const { subnets } of networks) {
    for (const { subnet } of subnets) {
      const parsed = parseSubnet(subnet);
      if (parsed !== undefined) taken.push(parsed);
    }
  }
  return taken;
}

/** A subnet that nothing of this host has, with the gateway that it gets. @throws UserError */
export function chooseFreeSubnet(family: 4 | 6, taken: readonly Subnet[]): NetworkSubnet {
  const subnet = chooseSubnet(family, taken);
  if (subnet === undefined) {
    throw new UserError(
      `no free IPv${family} subnet is left in bunker's pools`,
      "give one with bunker network create --subnet",
    );
  }
  return { subnet: formatSubnet(subnet), gateway: firstAddress(subnet) };
}

/** The default network, made known where it is not. The caller has the lock, exclusive. */
export function defineDefaultNetwork(store: NetworkStore): NetworkDefinition {
  const known = store.read(DEFAULT_NETWORK);
  if (known !== undefined) return known;
  const network: NetworkDefinition = {
    id: makeId(),
    name: DEFAULT_NETWORK,
    driver: "bridge",
    createdMs: Date.now(),
    link: DEFAULT_LINK,
    subnets: [chooseFreeSubnet(4, listTakenSubnets(store.list()))],
    ipv6: false,
    internal: false,
    attachable: false,
    labels: {},
    options: {},
  };
  store.write(network);
  return network;
}

/**
 * Makes the bridge of a network where it is missing; the network as it is then. The caller has the
 * lock, exclusive. @throws UserError where its subnet has become another's
 */
export function makeBridge(store: NetworkStore, wanted: NetworkDefinition): NetworkDefinition {
  if (hasLink(wanted.link)) return store.read(wanted.name) ?? wanted;
  const network = avoidOverlap(store, wanted);
  const kept = store.list().filter(({ link, driver }) => driver === "bridge" && hasLink(link));
  // Order: the rules first, so that a bridge is never without them.
  rebuildRules(store, [...kept, network]);
  const ip = startIp(planBridge(network));
  if (ip !== undefined) mustSucceed(`make the bridge of network "${network.name}"`, ip);
  setParameters(network);
  warnOfClosedForward(network);
  return network;
}

interface Chain {
  readonly chain?: {
    readonly family: string;
    readonly table: string;
    readonly name: string;
    readonly hook?: string;
    readonly policy?: string;
  };
}

/** A packet must pass every table: one that lets nothing through closes our networks as well. */
function warnOfClosedForward({ link }: NetworkDefinition): void {
  // Rules of iptables stand before those that would drop: in the chain that everybody's are in.
  if (findProgram("nft") === undefined) return;
  const { status, stdout } = startProgram("nft", ["-j", "list", "chains"], "").finish();
  if (status !== 0) return;
  const { nftables }: { nftables: readonly Chain[] } = JSON.parse(stdout);
  for (const { chain } of nftables) {
    if (chain?.hook !== "forward") continue;
    const { family, table, name, policy } = chain;
    // Its chain accepts by policy, and ends with a rule that rejects.
    const isFirewalld = table === "firewalld";
    if ((policy !== "drop" && !isFirewalld) || isNamedIn(family, table, link)) continue;
    const remedy = isFirewalld
      ? `firewall-cmd --permanent --zone=trusted --add-interface=${link} && firewall-cmd --reload`
      : table === "filter" && family === "ip"
        ? `iptables -I ${hasDocker(nftables) ? "DOCKER-USER" : "FORWARD"} -i ${link} -j ACCEPT, and with -o`
        : `nft insert rule ${family} ${table} ${name} iifname ${link} accept, and with oifname`;
    const what = `the chain ${name} of table ${family} ${table} drops what is forwarded`;
    writeAll(
      2,
      `bunker: warning: ${what}\n  hint: for the outside to be reached: ${remedy}\n`,
      "stderr",
    );
    return;
  }
}

/** Somebody has thought of the bridge already. */
function isNamedIn(family: string, table: string, link: string): boolean {
  const { stdout } = startProgram("nft", ["list", "table", family, table], "").finish();
  return stdout.includes(`"${link}"`);
}

const hasDocker = (chains: readonly Chain[]): boolean =>
  chains.some(({ chain }) => chain?.name === "DOCKER-USER");

/**
 * Security: where a host's route leads must not become a matter of which containers run. Nobody has
 * chosen the default network's subnet, so it gets another; that of any other network is refused.
 */
function avoidOverlap(store: NetworkStore, network: NetworkDefinition): NetworkDefinition {
  const { name, subnets } = network;
  const foreign = listTakenSubnets(store.list().filter((other) => other.name !== name));
  for (const { subnet } of subnets) {
    const own = parseSubnet(subnet);
    const rival = own && foreign.find((other) => overlaps(own, other));
    if (rival === undefined) continue;
    if (name === DEFAULT_NETWORK) {
      const moved = { ...network, subnets: [chooseFreeSubnet(4, foreign)] };
      store.write(moved);
      return moved;
    }
    throw new UserError(
      `subnet ${subnet} of network "${name}" overlaps ${formatSubnet(rival)}, which this host has a route to`,
      "remove the network, and make it again with another --subnet",
    );
  }
  return network;
}

/**
 * All rules as they should be, whatever somebody has done to the table: what is in its maps is what
 * the containers have that are there.
 */
export function rebuildRules(store: NetworkStore, networks: readonly NetworkDefinition[]): void {
  const run = runFolder(process.env);
  const isThere = ({ id }: Attachment): boolean => fileType(`${run}/containers/${id}`) !== 0;
  const published = listAttachments(store)
    .filter(isThere)
    .flatMap((each) => publishedOf(each) ?? []);
  findFirewall().rebuild(networks, published);
}

function setParameters({ link, ipv6, internal }: NetworkDefinition): void {
  set("net/ipv4/ip_forward", "1");
  // For ports published on 127.0.0.1; the table's guard keeps everyone else from it.
  if (!internal) set(`net/ipv4/conf/${link}/route_localnet`, "1");
  set(`net/ipv6/conf/${link}/accept_ra`, "0");
  if (ipv6) forwardIpv6();
}

/** Kernel: who forwards IPv6 no longer listens to routers, unless accept_ra is 2. */
function forwardIpv6(): void {
  if (readTextIfThere("/proc/sys/net/ipv6/conf/all/forwarding")?.trim() === "1") return;
  const links = (readTextIfThere("/proc/net/dev") ?? "").split("\n").slice(2);
  for (const line of links) {
    const name = line.split(":")[0]?.trim() ?? "";
    const path = `net/ipv6/conf/${name}/accept_ra`;
    if (readTextIfThere(`/proc/sys/${path}`)?.trim() === "1") set(path, "2");
  }
  set("net/ipv6/conf/all/forwarding", "1");
}

/** A parameter that this kernel has not, or that is not ours to set, is left as it is. */
function set(path: string, value: string): void {
  try {
    if (readTextIfThere(`/proc/sys/${path}`)?.trim() === value) return;
    writeText(`/proc/sys/${path}`, value, { existing: true });
  } catch (error) {
    if (!isSyscallError(error, "ENOENT", "EACCES", "EROFS", "EPERM")) throw error;
  }
}
