// `network connect` and `disconnect`: on a running container its links change at once; what is kept of
// it changes for its next start.

import { readTextIfThere, writeText } from "../../../ffi/files.ts";
import type { Endpoint, NetworkDefinition } from "../../../network/definition.ts";
import { drivers } from "../../../network/driver.ts";
import { findFirewall } from "../../../network/firewall.ts";
import { mustSucceed, startIp, startIpAhead, startTransaction } from "../../../network/program.ts";
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
import { hasNames } from "./has-names.ts";
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
  const waits: (() => void)[] = [];
  try {
    waits.push(joinNames(store, { ...known, endpoints: [...known.endpoints, endpoint] }));
    if (before === undefined) nameNamespace(id, `/proc/${pid}/ns/net`);
    const netns = { name: netnsPath(id), path: netnsPath(id) };
    waits.push(makeLinks([endpoint], [network], netns, startIpAhead()));
    for (const wait of waits) wait();
  } catch (error) {
    release(store, endpoint);
    writeAttachment(store, known);
    throw error;
  }
  changeFile(id, "hosts", (text) => text + formatHostLines(endpoint, known.hostname));
  changeServer(id, known.endpoints, [...known.endpoints, endpoint]);
}

/** The DNS is asked at the address of the first network that has names. */
function changeServer(id: string, before: readonly Endpoint[], after: readonly Endpoint[]): void {
  const [old, now] = [before, after].map((list) => list.find(hasNames)?.gateway4 ?? "");
  if (old === now || now === undefined) return;
  changeFile(id, "resolv.conf", (text) => {
    const rest = text.replace(/^nameserver .*\n/gm, "");
    if (now !== "") return `nameserver ${now}\n${rest}`;
    const plain = { dns: [], dnsSearch: [], dnsOptions: [] };
    return makeResolvFile(plain, "", readHostResolv());
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
  const { id, ports } = before;
  const endpoints = before.endpoints.filter((other) => other !== endpoint);
  const wasTarget = before.endpoints[0] === endpoint && ports.length > 0;
  if (wasTarget) {
    const removals = findFirewall().planPortRemoval({ ports, target: publishTarget(endpoint) });
    for (const removal of removals) startTransaction(removal).finish();
  }
  const inside = startIp([`link delete dev ${endpoint.name}`], netnsPath(id));
  inside?.finish();
  const [first, ...others] = endpoints;
  const next = endpoint.isDefault && first !== undefined ? { ...first, isDefault: true } : first;
  const left = next === undefined ? [] : [next, ...others];
  if (endpoint.isDefault && next !== undefined && next.gateway4 !== "") {
    const route = startIp(
      [`route add default via ${next.gateway4} dev ${next.name}`],
      netnsPath(id),
    );
    if (route !== undefined) mustSucceed("set the container's default route", route);
  }
  if (wasTarget && next !== undefined) {
    const told = findFirewall().planPorts({ ports, target: publishTarget(next) });
    for (const transaction of told) startTransaction(transaction).finish();
  }
  writeAttachment(store, { ...before, endpoints: left });
  release(store, endpoint);
  const gone = formatHostLines(endpoint, before.hostname);
  changeFile(id, "hosts", (text) => text.replace(gone, ""));
  changeServer(id, before.endpoints, left);
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
