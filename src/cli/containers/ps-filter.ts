// `ps --filter`: which containers are shown.
import type { ContainerRow } from "../../engine/containers/list.ts";
import { type Filters, matchesLabels, matchesPattern } from "../../engine/filters.ts";
import { UserError } from "../../errors.ts";
import { requireKeys } from "../format/filter.ts";

const KEYS = [
  "ancestor",
  "before",
  "exited",
  "expose",
  "health",
  "id",
  "is-task",
  "label",
  "label!",
  "name",
  "network",
  "publish",
  "since",
  "status",
  "volume",
];

const STATES = ["created", "running", "paused", "restarting", "removing", "exited", "dead"];

/** Those of the rows that all filters let through. @throws UserError in docker's words */
export function filterContainers(rows: readonly ContainerRow[], filters: Filters): ContainerRow[] {
  requireKeys(filters, KEYS);
  for (const state of filters.get("status") ?? []) {
    if (!STATES.includes(state)) throw invalid("status", state);
  }
  for (const code of filters.get("exited") ?? []) {
    if (!/^[+-]?\d+$/.test(code)) throw invalid("exited", code);
  }
  const [before, since] = ["before", "since"].map((key) => findMoment(rows, filters, key));
  return rows.filter(
    (row) =>
      (before === undefined || row.createdMs < before) &&
      (since === undefined || row.createdMs > since) &&
      matches(row, filters),
  );
}

function findMoment(
  rows: readonly ContainerRow[],
  filters: Filters,
  key: string,
): number | undefined {
  const name = filters.get(key)?.at(-1);
  if (name === undefined) return undefined;
  const found = rows.find((row) => row.name === name) ?? rows.find(({ id }) => id.startsWith(name));
  if (found === undefined) throw new UserError(`No such container: ${name}`, undefined, 1);
  return found.createdMs;
}

function matches(row: ContainerRow, filters: Filters): boolean {
  const any = (key: string, test: (value: string) => boolean): boolean =>
    filters.get(key)?.some(test) ?? true;
  return (
    matchesLabels(row.labels, filters) &&
    any("id", (value) => matchesPattern(row.id, value)) &&
    any(
      "name",
      (value) => matchesPattern(`/${row.name}`, value) || matchesPattern(row.name, value),
    ) &&
    any("status", (value) => row.status === value) &&
    any("exited", (value) => row.status === "exited" && row.exitCode === Number(value)) &&
    any("ancestor", (value) => isAncestor(row, value)) &&
    any("health", (value) => (row.health ?? "none") === value) &&
    any("is-task", (value) => !/^(1|true)$/.test(value)) &&
    any("network", (value) => row.networks.includes(value) || hasNetworkId(row, value)) &&
    any("volume", (value) => hasMount(row, value)) &&
    any("publish", (value) => hasPort(listPublished(row), parsePorts("publish", value))) &&
    any("expose", (value) => hasPort(row.listExposed(), parsePorts("expose", value)))
  );
}

function isAncestor(row: ContainerRow, value: string): boolean {
  const { image } = row;
  if (image === value || image === `${value}:latest`) return true;
  const id = row.readDetails()?.image?.id ?? row.imageId;
  return id.replace(/^sha256:/, "").startsWith(value.replace(/^sha256:/, ""));
}

function hasNetworkId(row: ContainerRow, value: string): boolean {
  const { endpoints = [] } = row.readAttachment() ?? {};
  return endpoints.some(({ networkId }) => networkId.startsWith(value));
}

function hasMount(row: ContainerRow, value: string): boolean {
  const { mounts = [] } = row.readDetails() ?? {};
  return mounts.some(({ name, target }) => name === value || target === value);
}

interface PortRange {
  readonly first: number;
  readonly last: number;
  readonly protocol: string;
}

/** `80`, `80/udp`, `8000-8080/tcp` */
function parsePorts(key: string, value: string): PortRange {
  const [, first = "", last = first, protocol = "tcp"] =
    /^(\d{1,5})(?:-(\d{1,5}))?(?:\/(tcp|udp|sctp))?$/.exec(value) ?? [];
  if (first === "") throw invalid(key, value);
  return { first: Number(first), last: Number(last), protocol };
}

/** As they are on the host. */
function listPublished(row: ContainerRow): { port: number; protocol: string }[] {
  const { ports = [] } = row.readAttachment() ?? {};
  return ports.map(({ hostPort, protocol }) => ({ port: hostPort, protocol }));
}

const hasPort = (
  ports: readonly { readonly port: number; readonly protocol: string }[],
  { first, last, protocol }: PortRange,
): boolean =>
  ports.some((one) => one.protocol === protocol && one.port >= first && one.port <= last);

const invalid = (key: string, value: string): UserError =>
  new UserError(`invalid filter '${key}=${value}'`, undefined, 1);
