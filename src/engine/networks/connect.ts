// `network connect` and `disconnect`: on a running container its links change at once; what is kept of
// it changes for its next start.

import { readTextIfThere, writeText } from "../../../ffi/files.ts";
import type { Endpoint, NetworkDefinition } from "../../../network/definition.ts";
import { drivers } from "../../../network/driver.ts";
import { planDefaultRoutes } from "../../../network/link-plan.ts";
import { findFirewall } from "../../../network/firewall.ts";
import { forgetFlows } from "../../../network/flows.ts";
import { mustSucceed, startIp, startIpAhead } from "../../../network/program.ts";
import { publishTarget } from "../../../network/ruleset.ts";
import { UserError } from "../../errors.ts";
import { KeptStore } from "../containers/kept.ts";
import { runFolder } from "../run-folder.ts";
import type { NetworkingOptions, NetworkOption } from "../run-options.ts";
import { StateStore } from "../state-store.ts";
import { joinNames, makeLinks, nameNamespace } from "./attach.ts";
import { type Attachment, readAttachment, writeAttachment } from "./attachments.ts";
import { planEndpoint } from "./endpoint.ts";
import { defineDefaultNetwork, makeBridge } from "./ensure-network.ts";
import { formatHostLines, makeResolvFile, readHostResolv } from "./etc-files.ts";
import { type FoundContainer, findIdentity } from "./find-identity.ts";
import { serverOf } from "./has-names.ts";
import { DEFAULT_NETWORK, NetworkStore } from "./network-store.ts";
import { releaseAddress } from "./release.ts";
import { netnsPath } from "./netns-path.ts";
import { sweepNetworks } from "./tear-down.ts";
import { tellNetwork } from "../events/tell-of-things.ts";

const refuse = (message: string, hint?: string): UserError => new UserError(message, hint, 1);

/** @throws UserError: no such network or container, or it is in it already */
export function connectNetwork(text: string, option: NetworkOption): void {
  sweepNetworks();
  const store = new NetworkStore();
  const container = findIdentity(text);
  if (option.name === "host") {
    throw refuse("container cannot be disconnected from host network or connected to host network");
  }
  refuseShared(container);
  using lock = store.lock("exclusive");
  void lock;
  const network = findNetwork(store, option.name);
  const before = readAttachment(store, container.id);
  if (before?.endpoints.some(({ networkId }) => networkId === network.id)) {
    const name = container.name;
    throw refuse(`endpoint with name ${name} already exists in network ${network.name}`);
  }
  if (container.pid !== 0) attach(store, network, container, before, option);
  keep(container, (networks) => [...networks, { ...option, name: network.name }]);
  tellNetwork("connect", network, container.id);
}

function findNetwork(store: NetworkStore, name: string): NetworkDefinition {
  const found = store.find(name);
  if (found !== undefined) return found;
  if (name === DEFAULT_NETWORK) return defineDefaultNetwork(store);
  throw refuse(`network ${name} not found`, "bunker network ls shows those that there are");
}

function refuseShared({ kept }: FoundContainer): void {
  const kind = kept?.options.network.kind;
  if (kind !== "host" && kind !== "container" && kind !== "path") return;
  throw refuse(
    "container sharing network namespace with another container or host cannot be connected to any other network",
  );
}

function attach(
  store: NetworkStore,
  wanted: NetworkDefinition,
  { id, name, pid }: FoundContainer,
  before: Attachment | undefined,
  option: NetworkOption,
): void {
  const network = drivers[wanted.driver].hasBridge ? makeBridge(store, wanted) : wanted;
  const known = before ?? {
    id,
    name,
    hostname: id.slice(0, 12),
    endpoints: [],
    ports: [],
    dns: [],
  };
  const index = nextIndex(known.endpoints);
  const endpoint = planEndpoint(store, network, id, index, known.endpoints, option);
  const endpoints = orderEndpoints(store, [...known.endpoints, endpoint]);
  const waits: (() => void)[] = [];
  try {
    waits.push(joinNames(store, { ...known, endpoints }));
    if (before === undefined) nameNamespace(id, `/proc/${pid}/ns/net`);
    const netns = { name: netnsPath(id), path: netnsPath(id) };
    waits.push(makeLinks([endpoint], [network], netns, startIpAhead()));
    for (const wait of waits) wait();
  } catch (error) {
    release(store, endpoint);
    writeAttachment(store, known);
    throw error;
  }
  // The first that its ports can lead to: those it was in before had no way in, or are gone.
  if (endpoints[0] === endpoint && isOpen(store, endpoint)) redirectPorts("to", known, endpoint);
  changeFile(id, "hosts", (text) => text + formatHostLines(endpoint, known.hostname));
  changeServer(known, endpoints);
}

/** Whether ports can be published in its network. */
const isOpen = (store: NetworkStore, { network, hostLink }: Endpoint): boolean =>
  hostLink !== "" && store.read(network)?.internal !== true;

/** The first is where published ports lead. */
function orderEndpoints(store: NetworkStore, endpoints: readonly Endpoint[]): Endpoint[] {
  const first = endpoints.find((endpoint) => isOpen(store, endpoint));
  if (first === undefined) return [...endpoints];
  return [first, ...endpoints.filter((endpoint) => endpoint !== first)];
}

function redirectPorts(way: "to" | "away", { ports }: Attachment, endpoint: Endpoint): void {
  if (ports.length === 0) return;
  const published = { ports, target: publishTarget(endpoint) };
  const firewall = findFirewall();
  const isDone = way === "to" ? firewall.addPorts(published) : firewall.removePorts(published);
  isDone();
  forgetFlows(ports);
}

/** The DNS is asked at the address of the first network that has names. */
function changeServer({ id, dns, endpoints }: Attachment, after: readonly Endpoint[]): void {
  const [old, now] = [serverOf(endpoints), serverOf(after)];
  if (old === now) return;
  changeFile(id, "resolv.conf", (text) => {
    const rest = text.replace(/^nameserver .*\n/gm, "");
    if (now !== "") return `nameserver ${now}\n${rest}`;
    const plain = { dns, dnsSearch: [], dnsOptions: [] };
    const servers = makeResolvFile(plain, "", readHostResolv()).match(/^nameserver .*\n/gm) ?? [];
    return servers.join("") + rest;
  });
}

function nextIndex(endpoints: readonly Endpoint[]): number {
  for (let index = 0; ; index++) {
    if (!endpoints.some(({ name }) => name === `eth${index}`)) return index;
  }
}

function release(store: NetworkStore, { network, ip4, ip6 }: Endpoint): void {
  releaseAddress(store, network, ip4);
  releaseAddress(store, network, ip6);
}

/** @throws UserError: no such network or container, or it is not in it */
export function disconnectNetwork(networkText: string, text: string, force: boolean): void {
  const store = new NetworkStore();
  const container = findIdentity(text);
  using lock = store.lock("exclusive");
  void lock;
  const network = findNetwork(store, networkText);
  const before = readAttachment(store, container.id);
  const endpoint = before?.endpoints.find(({ networkId }) => networkId === network.id);
  if (before !== undefined && endpoint !== undefined) {
    detach(store, before, endpoint);
  } else if (container.pid !== 0 && !force) {
    throw refuse(`container ${text} is not connected to network ${network.name}`);
  }
  keep(container, (networks) => networks.filter(({ name }) => name !== network.name));
  tellNetwork("disconnect", network, container.id);
}

/** Order: ports, link, address: nothing leads to an address that may be another's. */
function detach(store: NetworkStore, before: Attachment, endpoint: Endpoint): void {
  const { id } = before;
  const left = orderEndpoints(
    store,
    before.endpoints.filter((other) => other !== endpoint),
  );
  const wasTarget = before.endpoints[0] === endpoint;
  if (wasTarget) redirectPorts("away", before, endpoint);
  startIp([`link delete dev ${endpoint.name}`], netnsPath(id))?.finish();
  const endpoints = endpoint.isDefault ? passDefaultOn(store, id, left) : left;
  const [next] = endpoints;
  if (wasTarget && next !== undefined && isOpen(store, next)) redirectPorts("to", before, next);
  writeAttachment(store, { ...before, endpoints });
  release(store, endpoint);
  const gone = formatHostLines(endpoint, before.hostname);
  changeFile(id, "hosts", (text) => text.replace(gone, ""));
  changeServer(before, endpoints);
}

/** The way out is another network's now: the first that has one. */
function passDefaultOn(
  store: NetworkStore,
  id: string,
  endpoints: readonly Endpoint[],
): readonly Endpoint[] {
  const next = endpoints.find(({ network }) => store.read(network)?.internal !== true);
  if (next === undefined) return endpoints;
  const route = startIp(planDefaultRoutes(next), netnsPath(id));
  if (route !== undefined) mustSucceed("set the container's default route", route);
  return endpoints.map((each) => (each === next ? { ...each, isDefault: true } : each));
}

/** In place, as the file is mounted in the container. */
function changeFile(
  id: string,
  name: "hosts" | "resolv.conf",
  change: (text: string) => string,
): void {
  const path = `${new StateStore(runFolder(process.env)).containerFolder(id)}/${name}`;
  const text = readTextIfThere(path);
  if (text !== undefined) writeText(path, change(text));
}

const NOTHING: NetworkingOptions = {
  networks: [],
  publish: [],
  publishAll: false,
  expose: [],
  dns: [],
  dnsSearch: [],
  dnsOptions: [],
  addHosts: [],
};

function keep(
  { kept }: FoundContainer,
  change: (networks: readonly NetworkOption[]) => NetworkOption[],
): void {
  if (kept === undefined) return;
  const networking = kept.options.networking ?? NOTHING;
  const networks = change(networking.networks);
  new KeptStore().write({
    ...kept,
    options: {
      ...kept.options,
      network: { kind: networks.length > 0 ? "private" : "none" },
      networking: { ...networking, networks },
    },
  });
}
