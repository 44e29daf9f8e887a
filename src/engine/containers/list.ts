// All containers, as `ps` shows them.

import { detectControl } from "../../../cgroups/detect-control.ts";
import { type ContainerDetails, readDetails } from "../container-details.ts";
import { type Attachment, readAttachment } from "../networks/attachments.ts";
import type * as describe from "../networks/describe.ts";
import { NetworkStore } from "../networks/network-store.ts";
import type { PortOption } from "../run-options.ts";
import { imageName } from "../events/describe-run.ts";
import { findHealthCheck, type Health, readHealth, startKeeper } from "./health.ts";
import { listForeground } from "./foreground.ts";
import { type KeptContainer, KeptStore } from "./kept.ts";
import { type LiveContainer, type LiveStatus, lookAfter, lookAt } from "./live.ts";
import { knownFolder } from "./running-record.ts";

export interface ContainerRow {
  readonly id: string;
  readonly name: string;
  readonly image: string;
  readonly imageId: string;
  readonly command: readonly string[];
  readonly createdMs: number;
  readonly status: LiveStatus;
  readonly exitCode: number;
  readonly startedMs: number;
  readonly finishedMs: number;
  readonly labels: Readonly<Record<string, string>>;
  readonly pid: number;
  /** Of one that runs and has a check. */
  readonly health?: Health["Status"];
  /** `0.0.0.0:8080->80/tcp`; "" for none. */
  readonly ports: string;
  readonly networks: readonly string[];
  /** What it was started with: its image, its mounts; read when it is asked for. */
  readDetails(): ContainerDetails | undefined;
  /** Ports that it says it serves, published or not; looked up when they are asked for. */
  listExposed(): readonly PortOption[];
  /** What it has of networks; read when it is asked for. */
  readAttachment(): Attachment | undefined;
}

/** The newest first. */
export async function listContainers(): Promise<ContainerRow[]> {
  const kept = new KeptStore();
  const control = once(detectControl);
  const lives: LiveContainer[] = [];
  let isNetworked = false;
  for (const container of readAll(kept)) {
    if (container.options.networking !== undefined) isNetworked = true;
    lives.push(await lookAfter(container, kept, control));
  }
  const networks = isNetworked ? await import("../networks/describe.ts") : undefined;
  return makeRows(lives, kept, networks);
}

/** What lists them again and again: at once, and as they are, whoever takes care of them. */
export async function containerLister(): Promise<() => ContainerRow[]> {
  const networks = await import("../networks/describe.ts");
  return () => {
    const kept = new KeptStore();
    const control = once(detectControl);
    const lives = readAll(kept).map((container) => lookAt(container, kept, control));
    return makeRows(lives, kept, networks);
  };
}

/** Looked for at the first use. */
function once<T>(find: () => T): () => T {
  let found: { readonly value: T } | undefined;
  return () => (found ??= { value: find() }).value;
}

function readAll(kept: KeptStore): KeptContainer[] {
  const containers: KeptContainer[] = [];
  const ids = kept.list();
  for (const id of ids) {
    const container = kept.read(id);
    if (container !== undefined) containers.push(container);
  }
  return [...containers, ...listForeground(kept, new Set(ids))];
}

type Networks = Pick<typeof describe, "describePorts" | "listExposed" | "listNetworkNames">;

function makeRows(
  lives: readonly LiveContainer[],
  store: KeptStore,
  networks: Networks | undefined,
): ContainerRow[] {
  const rows: ContainerRow[] = [];
  for (const live of lives) rows.push(makeRow(live, store, networks));
  return rows.sort((a, b) => b.createdMs - a.createdMs);
}

/** @param networks undefined where none of them has any */
function makeRow(
  { container, kept, status, record }: LiveContainer,
  store: KeptStore,
  networks: Networks | undefined,
): ContainerRow {
  const health = record === undefined ? undefined : lookAtHealth(container, store);
  const { id, name, createdMs, options, imageId = "" } = container;
  const described = options.networking === undefined ? undefined : networks;
  // Looked up only where it is asked for, and once: most rows are dropped, or not shown whole.
  const details = once(() => readDetails(knownFolder(id, store)));
  const attachment = once(() => readAttachment(new NetworkStore(), id));
  const listExposed = () => described?.listExposed(options, details()) ?? [];
  return {
    id,
    name,
    image: imageName(options.root),
    imageId,
    get command() {
      return commandOf(container, details);
    },
    createdMs,
    status,
    exitCode: kept.exitCode,
    startedMs: kept.startedMs,
    finishedMs: kept.finishedMs,
    labels: options.labels,
    ...(health === undefined ? {} : { health: health.Status }),
    pid: record?.initPid ?? 0,
    get ports() {
      return described?.describePorts(attachment(), listExposed) ?? "";
    },
    get networks() {
      return described?.listNetworkNames(options, attachment()) ?? [options.network.kind];
    },
    readDetails: details,
    listExposed,
    readAttachment: attachment,
  };
}

/** Of one that runs and has a check; whoever asks for it is there afterwards. */
export function lookAtHealth(container: KeptContainer, kept: KeptStore): Health | undefined {
  if (findHealthCheck(container, kept) === undefined) return undefined;
  startKeeper();
  return readHealth(container.id, kept);
}

/** What it runs: of an image, where the flags leave it to that. */
export function commandOf(
  { options }: KeptContainer,
  findDetails: () => ContainerDetails | undefined,
): readonly string[] {
  const { root, entrypoint, command } = options;
  const made =
    root.kind === "image" && entrypoint === undefined ? findDetails()?.config : undefined;
  if (made === undefined) return [...(entrypoint ?? []), ...command];
  return [...(made.Entrypoint ?? []), ...(made.Cmd ?? [])];
}
