// `network create, ls, inspect, rm, prune, connect, disconnect`, and `port`.

import type { NetworkDefinition, PortMapping } from "../../../network/definition.ts";
import { findFirewall } from "../../../network/firewall.ts";
import { startIp, startRemovals } from "../../../network/program.ts";
import { removeTree } from "../../../ffi/files.ts";
import { UserError } from "../../errors.ts";
import { type Filters, matchesLabels, matchesPattern, parseMoment } from "../filters.ts";
import { type Attachment, listAttachments, readAttachment } from "./attachments.ts";
import { defineDefaultNetwork } from "./ensure-network.ts";
import { findIdentity } from "./find-identity.ts";
import { hasLink } from "./has-link.ts";
import { DEFAULT_NETWORK, NetworkStore } from "./network-store.ts";
import { tellNetwork, tellPruned } from "../events/tell-of-things.ts";
import { sweepNetworks } from "./tear-down.ts";
import { noSuchNetwork } from "../no-such.ts";

export { connectNetwork, disconnectNetwork } from "./connect.ts";
export { createNetwork } from "./create-network.ts";

/** A network as lists and `inspect` show it. */
export interface NetworkRow extends Omit<NetworkDefinition, "driver"> {
  readonly driver: string;
  readonly isPredefined: boolean;
  readonly attachments: readonly Attachment[];
}

/** docker's two that are no networks: always the same. */
const MODES: readonly NetworkRow[] = ["host", "none"].map((name) => ({
  id: [...name]
    .map((letter) => letter.charCodeAt(0).toString(16))
    .join("")
    .padEnd(64, "0"),
  name,
  driver: name === "none" ? "null" : name,
  createdMs: 0,
  link: "",
  subnets: [],
  ipv6: false,
  internal: false,
  attachable: false,
  labels: {},
  options: {},
  isPredefined: true,
  attachments: [],
}));

function listRows(store: NetworkStore): NetworkRow[] {
  if (store.read(DEFAULT_NETWORK) === undefined) {
    using lock = store.lock("exclusive");
    void lock;
    defineDefaultNetwork(store);
  }
  const attachments = listAttachments(store);
  const rows = store.list().map((network) => ({
    ...network,
    isPredefined: network.name === DEFAULT_NETWORK,
    attachments: attachments.filter(({ endpoints }) =>
      endpoints.some(({ networkId }) => networkId === network.id),
    ),
  }));
  return [...rows, ...MODES].sort((one, other) => (one.name < other.name ? -1 : 1));
}

/** @throws UserError for a filter's value that cannot be */
export function listNetworks(filters: Filters): NetworkRow[] {
  for (const type of filters.get("type") ?? []) {
    if (type === "builtin" || type === "custom") continue;
    throw new UserError(`invalid filter: 'type'='${type}'`, "builtin or custom", 1);
  }
  sweepNetworks();
  return listRows(new NetworkStore()).filter((row) => matches(row, filters));
}

function matches(row: NetworkRow, filters: Filters): boolean {
  const any = (key: string, test: (value: string) => boolean): boolean => {
    const values = filters.get(key);
    return values === undefined || values.some(test);
  };
  return (
    any("name", (value) => matchesPattern(row.name, value)) &&
    any("id", (value) => matchesPattern(row.id, value)) &&
    any("driver", (value) => row.driver === value) &&
    any("scope", (value) => value === "local") &&
    any("type", (value) => value === (row.isPredefined ? "builtin" : "custom")) &&
    any(
      "dangling",
      (value) => isTrue(value) === (!row.isPredefined && row.attachments.length === 0),
    ) &&
    matchesLabels(row.labels, filters)
  );
}

const isTrue = (text: string): boolean => text === "true" || text === "1";

/** Those that are there, and the names of those that are not. */
export function inspectNetworks(names: readonly string[]): {
  readonly found: readonly NetworkRow[];
  readonly missing: readonly string[];
} {
  sweepNetworks();
  const rows = listRows(new NetworkStore());
  const found = names.map((name) => findRow(rows, name));
  return {
    found: found.filter((row) => row !== undefined),
    missing: names.filter((_name, index) => found[index] === undefined),
  };
}

function findRow(rows: readonly NetworkRow[], text: string): NetworkRow | undefined {
  const named = rows.find(({ name }) => name === text);
  if (named !== undefined || text === "") return named;
  const found = rows.filter(({ id }) => id.startsWith(text));
  if (found.length > 1) {
    throw new UserError(
      `network ${text} is ambiguous (${found.length} matches found based on ID prefix)`,
      undefined,
      1,
    );
  }
  return found[0];
}

/** Takes a network away. @throws UserError: there is none, or it is in use */
export function removeNetwork(text: string): void {
  sweepNetworks();
  const store = new NetworkStore();
  using lock = store.lock("exclusive");
  void lock;
  const row = findRow(listRowsLocked(store), text);
  if (row === undefined) throw noSuchNetwork(text);
  if (row.isPredefined) {
    throw new UserError(`${row.name} is a pre-defined network and cannot be removed`, undefined, 1);
  }
  if (row.attachments.length > 0) {
    const names = row.attachments.map(({ name, id }) => `${name} (${id.slice(0, 12)})`);
    throw new UserError(
      `network ${row.name} is in use by ${names.join(", ")}`,
      "stop these containers first, or bunker network disconnect them",
      1,
    );
  }
  remove(store, row.name);
}

/** The caller has the lock, so the default network is not defined on the way. */
function listRowsLocked(store: NetworkStore): NetworkRow[] {
  defineDefaultNetwork(store);
  return listRows(store);
}

/** Order: the definition last, so that what a crash leaves is removed by the same command again. */
function remove(store: NetworkStore, name: string): void {
  const network = store.read(name);
  if (network === undefined) return;
  if (network.driver === "bridge" && hasLink(network.link)) {
    const ip = startIp([`link delete dev ${network.link}`]);
    const { planNetworkRemoval, split } = findFirewall();
    startRemovals(planNetworkRemoval(network), split)();
    ip?.finish();
  }
  removeTree(store.folder(`addresses/${name}`));
  store.remove(network);
  tellNetwork("destroy", network);
}

/** Takes all networks away that no container is in; their names. */
export function pruneNetworks(filters: Filters): string[] {
  sweepNetworks();
  const store = new NetworkStore();
  using lock = store.lock("exclusive");
  void lock;
  const until = filters.get("until")?.[0];
  const before = until === undefined ? Infinity : parseMoment(until, Date.now());
  if (!store.list().some(({ name }) => name !== DEFAULT_NETWORK)) return [];
  const unused = listRowsLocked(store).filter(
    (row) =>
      !row.isPredefined &&
      row.attachments.length === 0 &&
      row.createdMs <= before &&
      matchesLabels(row.labels, filters),
  );
  for (const { name } of unused) remove(store, name);
  tellPruned("network", 0);
  return unused.map(({ name }) => name);
}

/**
 * The published ports of a container.
 * @param asked `80/tcp`, `80`, or undefined for all
 * @throws UserError: no such container, or that port is not published
 */
export function listPorts(text: string, asked: string | undefined): readonly PortMapping[] {
  const { id } = findIdentity(text);
  const attachment = readAttachment(new NetworkStore(), id);
  const ports = attachment?.ports ?? [];
  if (asked === undefined) return ports;
  const [port = "", protocol = "tcp"] = asked.split("/");
  if (!/^\d{1,5}$/.test(port)) {
    throw new UserError(`invalid port (${port}): must be a whole number`, undefined, 1);
  }
  const found = ports.filter(
    (one) => one.containerPort === Number(port) && one.protocol === protocol,
  );
  if (found.length > 0) return found;
  throw new UserError(`no public port '${asked}' published for ${text}`, undefined, 1);
}
