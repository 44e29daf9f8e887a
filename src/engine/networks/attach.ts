// A container and its networks: what is reserved before it is made, what is made while it is set up,
// and what is taken away at its end.
//
//   prepareNetwork   addresses and ports are the container's, on paper; its files in /etc are known
//      .start        links and ports are being made: there is a network namespace
//      .finish       they are there: the gate may open
//   tearDownNetwork  everything is given back, whatever of it there is
//
// Speed: the links' `ip` runs beside the container's set-up, and is started before that.

import { MS } from "../../../ffi/constants.ts";
import { makeDirectory, makeDirectoryTree, makeSymlink, writeText } from "../../../ffi/files.ts";
import { mount } from "../../../ffi/mount.ts";
import { isSyscallError } from "../../../ffi/syscall-error.ts";
import type { Endpoint, NetworkDefinition, PortMapping } from "../../../network/definition.ts";
import { drivers } from "../../../network/driver.ts";
import { findFirewall } from "../../../network/firewall.ts";
import { forgetFlows } from "../../../network/flows.ts";
import {
  formatBatch,
  mustSucceed,
  startIpAhead,
  type WaitingProgram,
} from "../../../network/program.ts";
import { publishedOf } from "../../../network/ruleset.ts";
import { UserError } from "../../errors.ts";
import type { NetworkingOptions, NetworkOption, PublishOption } from "../run-options.ts";
import {
  type Attachment,
  type CniAttachment,
  removeAttachment,
  writeAttachment,
} from "./attachments.ts";
import { addCni, CNI_PREFIX, planCni } from "./cni-plugins.ts";
import { holdGate, startDns, waitForDns } from "./dns/start.ts";
import { planEndpoint } from "./endpoint.ts";
import { defineDefaultNetwork, makeBridge, rebuildRules } from "./ensure-network.ts";
import { makeHostsFile, makeResolvFile, readHostResolv } from "./etc-files.ts";
import { hasGateway, hasNames, OWN_SERVER, ownServerKey, serverOf } from "./has-names.ts";
import { hasLink } from "./has-link.ts";
import { DEFAULT_NETWORK, NetworkStore } from "./network-store.ts";
import { releaseAddress, releasePort } from "./release.ts";
import { reservePorts } from "./reserve.ts";
import { IP_NETNS, ipNetnsPath, netnsPath } from "./netns-path.ts";
import { startRemoval, tearDownNetwork, tryTearDown } from "./tear-down.ts";
import { tellNetwork } from "../events/tell-of-things.ts";

/** Who a container is. */
export interface Identity {
  readonly id: string;
  readonly name: string;
  /** As its hosts file has it, with the domain first where there is one: `web.example web`. */
  readonly hostname: string;
}

/** What is known of a container's network from the beginning. */
export interface NetworkState extends Attachment {
  readonly hosts: string;
  readonly resolvConf: string;
}

/** A container's network that is reserved, and not made yet. */
export class PendingNetwork {
  #programs: (() => void)[] = [];
  #isTakenAway = false;
  /** Whether that was told. */
  #isConnected = false;

  constructor(
    readonly store: NetworkStore,
    readonly state: NetworkState,
    readonly networks: readonly NetworkDefinition[],
    readonly ahead?: WaitingProgram,
  ) {}

  /** Something that is to be done by the time that the gate opens. */
  waitFor(wait: () => void): void {
    this.#programs.push(wait);
  }

  #startPorts(): void {
    const published = publishedOf(this.state);
    if (published === undefined) return;
    const isDone = findFirewall().addPorts(published);
    this.#programs.push(() => {
      // Somebody has flushed the table, or half of it.
      if (!isDone()) {
        rebuildRules(
          this.store,
          this.store.list().filter(({ link }) => link !== "" && hasLink(link)),
        );
      }
      forgetFlows(published.ports);
    });
  }

  /** @param pid of a process in the container's network namespace */
  start(pid: number): void {
    const { cni = [], endpoints } = this.state;
    if (endpoints.length + cni.length === 0) return;
    const netns = { name: String(pid), path: `/proc/${pid}/ns/net` };
    // Order: the links first, as everything waits for them.
    if (endpoints.length > 0) {
      const host = this.ahead ?? startIpAhead();
      this.#programs.push(makeLinks(endpoints, this.networks, netns, host));
    }
    nameNamespace(this.state.id, netns.path);
    this.#startPorts();
    if (cni.length > 0) this.#programs.push(() => this.#runPlugins(cni));
  }

  /** Order: each result is written down at once, as it is needed to take it away. */
  #runPlugins(cni: readonly CniAttachment[]): void {
    const done = [...cni];
    for (const [index, each] of cni.entries()) {
      const result = addCni(this.state.id, each);
      done[index] = { ...each, result };
      writeAttachment(this.store, { ...pickAttachment(this.state), cni: done });
      for (const { address } of result.ips ?? []) {
        this.onAddress(`${address.replace(/\/.*/, "")}\t${this.state.hostname}\n`);
      }
    }
  }

  /** Is given lines for the hosts file, where addresses are known only late. */
  onAddress: (line: string) => void = () => {};

  /** Waits until everything is there. @throws UserError with the words of `ip` */
  finish(): void {
    const waits = this.#programs;
    this.#programs = [];
    let failure: unknown;
    for (const wait of waits) {
      try {
        wait();
      } catch (error) {
        failure ??= error;
      }
    }
    if (failure !== undefined) throw failure;
    if (waits.length > 0 && !this.#isConnected) this.#tell("connect");
  }

  #tell(action: "connect" | "disconnect"): void {
    this.#isConnected = action === "connect";
    for (const network of this.networks) tellNetwork(action, network, this.state.id);
  }

  /** The container has ended by itself. What cannot be taken away is tried again by `tearDown`. */
  leave(): void {
    const { id, ports } = this.state;
    this.#isTakenAway =
      (ports.length > 0 && startRemoval(this.store, this.state)) || tryTearDown(id);
  }

  tearDown(): void {
    this.ahead?.drop();
    // Race: what is still being made would be there after it was taken away.
    try {
      this.finish();
    } catch {
      // Whoever has waited for it has been told.
    }
    if (!this.#isTakenAway) tearDownNetwork(this.state.id);
    if (this.#isConnected) this.#tell("disconnect");
  }
}

/**
 * Makes the links of endpoints; what is returned waits until they are there.
 * @param netns its path, and its name as `ip` has it: a pid will do
 */
export function makeLinks(
  endpoints: readonly Endpoint[],
  networks: readonly NetworkDefinition[],
  netns: { readonly name: string; readonly path: string },
  host: WaitingProgram,
): () => void {
  const outside: string[] = [];
  const inside: string[] = [];
  for (const endpoint of endpoints) {
    const network = networks.find(({ id }) => id === endpoint.networkId);
    if (network === undefined) continue;
    const driver = drivers[network.driver];
    outside.push(...driver.setUp(network, endpoint, netns.name));
    inside.push(...driver.setUpInside(endpoint));
  }
  const links = host.go(formatBatch(outside));
  const own = startIpAhead(netns.path);
  return () => {
    try {
      mustSucceed("make the container's links", links);
    } catch (error) {
      own.drop();
      throw error;
    }
    mustSucceed("set the container's addresses", own.go(formatBatch(inside)));
  };
}

/** Gives the namespace a life of its own. */
export function nameNamespace(id: string, source: string): void {
  const path = netnsPath(id);
  try {
    writeText(path, "", { mode: 0o444 });
  } catch (error) {
    if (!isSyscallError(error, "ENOENT")) throw error;
    makeDirectoryTree(path.slice(0, path.lastIndexOf("/")), 0o755);
    writeText(path, "", { mode: 0o444 });
  }
  mount(source, path, null, MS.MS_BIND, null);
  makeDirectory(IP_NETNS, 0o755);
  makeSymlink(path, ipNetnsPath(id));
}

/**
 * Reserves what a container is to have.
 * @throws UserError for a network that is not there, an address or a port that cannot be had; then
 * nothing is left of it
 */
export async function prepareNetwork(
  identity: Identity,
  options: NetworkingOptions,
  hostsBase: string | undefined,
  ahead: WaitingProgram | undefined,
): Promise<PendingNetwork> {
  const store = new NetworkStore();
  try {
    return reserveNetwork(store, identity, options, hostsBase, ahead);
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
    (await import("./clear-dead.ts")).clearDead(store);
    return reserveNetwork(store, identity, options, hostsBase, ahead);
  }
}

function reserveNetwork(
  store: NetworkStore,
  identity: Identity,
  options: NetworkingOptions,
  hostsBase: string | undefined,
  ahead: WaitingProgram | undefined,
): PendingNetwork {
  const { networks: asked } = options;
  if (asked.length === 0) {
    // As docker has it: without a network of its own a container's ports are just not published.
    return new PendingNetwork(store, makeState(identity, options, [], [], "", hostsBase), []);
  }
  const plugged = asked.filter(({ name }) => name.startsWith(CNI_PREFIX));
  const own = asked.filter(({ name }) => !name.startsWith(CNI_PREFIX));
  const networks = ensureBridges(store, findNetworks(store, own));
  const endpoints: Endpoint[] = [];
  const ports: PortMapping[] = [];
  try {
    using lock = store.lock("shared");
    void lock;
    for (const [index, network] of networks.entries()) {
      // Race: it may have been removed since it was found.
      if (store.read(network.name)?.id !== network.id) throw unknownNetwork(network.name);
      endpoints.push(planEndpoint(store, network, identity.id, index, endpoints, own[index]));
    }
    const isPublic = networks.some(({ driver, internal }) => driver === "bridge" && !internal);
    const publish = listPublished(options);
    if (isPublic || plugged.length > 0) {
      // Order: the first network whose ports can be published is where they lead.
      const first = networks.findIndex(({ driver, internal }) => driver === "bridge" && !internal);
      if (first > 0) endpoints.unshift(...endpoints.splice(first, 1));
      refuseWithoutAddress(publish, endpoints);
      const hasSix = (endpoints[0]?.ip6 ?? "") !== "";
      reservePorts(store, publish, identity.id, (port) => ports.push(port), hasSix);
    }
    const dns = serverOf(endpoints);
    const made = makeState(identity, options, endpoints, ports, dns, hostsBase);
    const names = plugged.map(({ name }) => name);
    const cni = planCni(names, isPublic ? [] : ports, endpoints.length);
    const state = cni.length === 0 ? made : { ...made, cni };
    const pending = new PendingNetwork(store, state, networks, ahead);
    if (dns === "") writeAttachment(store, pickAttachment(state));
    else pending.waitFor(joinNames(store, pickAttachment(state)));
    return pending;
  } catch (error) {
    for (const { network, ip4, ip6 } of endpoints) {
      releaseAddress(store, network, ip4);
      releaseAddress(store, network, ip6);
    }
    for (const port of ports) releasePort(store, port);
    removeAttachment(store, identity.id);
    throw error;
  }
}

/** Makes the container known to the DNS; what is returned waits until that answers. */
export function joinNames(store: NetworkStore, attachment: Attachment): () => void {
  using gate = holdGate(store);
  void gate;
  writeAttachment(store, attachment);
  startDns(store);
  const { id, endpoints } = attachment;
  return () => {
    for (const endpoint of endpoints) {
      if (hasNames(endpoint) && hasGateway(endpoint)) waitForDns(store, endpoint.gateway4);
    }
    if (serverOf(endpoints) !== OWN_SERVER) return;
    // It is told again, as there was no namespace to answer in when it was told first.
    writeAttachment(store, attachment);
    waitForDns(store, ownServerKey(id));
  };
}

/** Nothing would ever arrive. */
function refuseWithoutAddress(
  publish: readonly PublishOption[],
  [first]: readonly Endpoint[],
): void {
  if (first === undefined) return;
  for (const { hostIp, containerPort } of publish) {
    const isSix = hostIp.includes(":");
    if (hostIp === "" || (isSix ? first.ip6 : first.ip4) !== "") continue;
    throw new UserError(
      `port ${containerPort} cannot be published on ${hostIp}: network "${first.network}" has no ${isSix ? "IPv6" : "IPv4"}`,
      isSix ? "bunker network create --ipv6 makes one that has" : undefined,
    );
  }
}

function unknownNetwork(name: string): UserError {
  return new UserError(`network ${name} not found`, "bunker network ls shows those that there are");
}

function findNetworks(store: NetworkStore, asked: readonly NetworkOption[]): NetworkDefinition[] {
  const found: NetworkDefinition[] = [];
  for (const { name } of asked) {
    const network = store.find(name) ?? makeDefault(store, name);
    if (network === undefined) throw unknownNetwork(name);
    if (found.some(({ id }) => id === network.id)) {
      throw new UserError(`network ${name} is named twice`);
    }
    found.push(network);
  }
  return found;
}

function makeDefault(store: NetworkStore, name: string): NetworkDefinition | undefined {
  if (![DEFAULT_NETWORK, "default", "bunker0"].includes(name)) return undefined;
  using lock = store.lock("exclusive");
  void lock;
  return defineDefaultNetwork(store);
}

/** The networks with their bridges there. */
function ensureBridges(
  store: NetworkStore,
  networks: readonly NetworkDefinition[],
): readonly NetworkDefinition[] {
  const isMissing = ({ driver, link }: NetworkDefinition): boolean =>
    drivers[driver].hasBridge && !hasLink(link);
  if (!networks.some(isMissing)) return networks;
  using lock = store.lock("exclusive");
  void lock;
  return networks.map((network) => (isMissing(network) ? makeBridge(store, network) : network));
}

function listPublished({ publish, publishAll, expose }: NetworkingOptions) {
  if (!publishAll) return publish;
  const all = [...publish];
  for (const { port, protocol } of expose) {
    if (all.some((one) => one.containerPort === port && one.protocol === protocol)) continue;
    all.push({ protocol, hostIp: "", hostPort: 0, hostPortLast: 0, containerPort: port });
  }
  return all;
}

function makeState(
  { id, name, hostname }: Identity,
  options: NetworkingOptions,
  endpoints: readonly Endpoint[],
  ports: readonly PortMapping[],
  embedded: string,
  hostsBase: string | undefined,
): NetworkState {
  return {
    id,
    name,
    hostname,
    endpoints,
    ports,
    dns: options.dns,
    hosts: makeHostsFile(endpoints, hostname, options.addHosts, hostsBase),
    resolvConf: makeResolvFile(options, embedded, readHostResolv()),
  };
}

const pickAttachment = (state: Attachment): Attachment => {
  const { id, name, hostname, endpoints, ports, dns, cni } = state;
  return { id, name, hostname, endpoints, ports, dns, ...(cni !== undefined && { cni }) };
};
