// What `inspect` shows of a container: docker's shape, as far as there is something to say.

import { readDetails } from "../container-details.ts";
import { imageName } from "../events/describe-run.ts";
import { describeNetworks } from "../networks/describe.ts";
import type { RunOptions } from "../run-options.ts";
import { findKept } from "./find.ts";
import { KeptStore } from "./kept.ts";
import { commandOf, lookAtHealth } from "./list.ts";
import { type LiveContainer, lookAfter } from "./live.ts";
import { LOG_FILE } from "./log-files.ts";

/**
 * The objects of those that are there, and the names of the others.
 * @param hasSize with the room that each takes on the disk
 */
export async function inspectContainers(
  names: readonly string[],
  hasSize = false,
): Promise<{
  readonly found: readonly object[];
  readonly missing: readonly string[];
}> {
  const kept = new KeptStore();
  const found: object[] = [];
  const missing: string[] = [];
  for (const name of names) {
    try {
      const live = await lookAfter(findKept(name, kept), kept);
      const size = hasSize ? await describeSize(live, kept) : {};
      found.push({ ...describe(live, kept), ...size });
    } catch (error) {
      if (!(error instanceof Error) || error.name !== "UserError") throw error;
      missing.push(name);
    }
  }
  return { found, missing };
}

async function describeSize({ container }: LiveContainer, kept: KeptStore): Promise<object> {
  const { id, imageId = readDetails(kept.folder(id))?.image?.id ?? "" } = container;
  const { measureContainer } = await import("./measure.ts");
  const { writtenBytes, totalBytes } = measureContainer(id, imageId);
  return { SizeRw: writtenBytes, SizeRootFs: totalBytes };
}

const NEVER = "0001-01-01T00:00:00Z";
const formatTime = (ms: number): string => (ms === 0 ? NEVER : new Date(ms).toISOString());

function describe(live: LiveContainer, kept: KeptStore): object {
  const { container } = live;
  const { id, name, createdMs, options, imageId = "" } = container;
  const [path = "", ...args] = commandOf(container);
  const folder = kept.folder(id);
  const details = readDetails(folder);
  return {
    Id: id,
    Created: formatTime(createdMs),
    Path: path,
    Args: args,
    State: describeState(live, kept),
    Image: details?.image?.id ?? imageId,
    LogPath: `${folder}/${LOG_FILE}`,
    Name: `/${name}`,
    RestartCount: live.kept.restartCount,
    Driver: "overlay2",
    Platform: "linux",
    HostConfig: describeHostConfig(options),
    Mounts: (details?.mounts ?? []).map(({ type, name: volume, source, target, readonly }) => ({
      Type: type,
      ...(volume === undefined ? {} : { Name: volume }),
      Source: source,
      Destination: target,
      Mode: "",
      RW: !readonly,
      Propagation: "",
    })),
    NetworkSettings: describeNetworks(id),
    Config: {
      Hostname: options.hostname ?? id.slice(0, 12),
      Domainname: options.domainname ?? "",
      User: options.user === undefined ? "" : formatUser(options.user),
      Tty: options.tty,
      OpenStdin: options.interactive,
      Env: details?.config.Env ?? options.env,
      Cmd: options.command,
      Image: imageName(options.root),
      WorkingDir: details?.config.WorkingDir ?? options.workdir ?? "",
      Entrypoint: options.entrypoint ?? null,
      Labels: options.labels,
      ...(options.stopSignal === undefined ? {} : { StopSignal: options.stopSignal }),
      ...(options.stopTimeoutS === undefined ? {} : { StopTimeout: options.stopTimeoutS }),
    },
  };
}

const formatUser = ({ user, group }: { user: string; group?: string }): string =>
  group === undefined ? user : `${user}:${group}`;

function describeState(live: LiveContainer, store: KeptStore): object {
  const { status, kept, record, container } = live;
  const health = record === undefined ? undefined : lookAtHealth(container, store);
  return {
    Status: status,
    Running: status === "running" || status === "paused",
    Paused: status === "paused",
    Restarting: status === "restarting",
    OOMKilled: kept.oomKilled,
    Dead: false,
    Pid: record?.initPid ?? 0,
    ExitCode: kept.exitCode,
    Error: kept.error,
    StartedAt: formatTime(kept.startedMs),
    FinishedAt: formatTime(kept.finishedMs),
    ...(health === undefined ? {} : { Health: health }),
  };
}

function describeHostConfig(options: RunOptions): object {
  const { resources, restart = { kind: "no" } } = options;
  const limit = (value: number | "unlimited" | undefined): number =>
    value === undefined ? 0 : value === "unlimited" ? -1 : value;
  return {
    NetworkMode: options.networking?.networks[0]?.name ?? options.network.kind,
    PortBindings: describeBindings(options),
    Dns: options.networking?.dns ?? [],
    ExtraHosts: (options.networking?.addHosts ?? []).map(
      ({ name, address }) => `${name}:${address}`,
    ),
    RestartPolicy: {
      Name: restart.kind,
      MaximumRetryCount: restart.kind === "on-failure" ? restart.attempts : 0,
    },
    AutoRemove: options.remove,
    CapAdd: options.security.capAdd,
    CapDrop: options.security.capDrop,
    Privileged: options.security.privileged,
    ReadonlyRootfs: options.readonlyRootfs,
    ShmSize: options.shmSizeBytes,
    Memory: limit(resources.memoryBytes),
    MemorySwap: limit(resources.memorySwapBytes),
    NanoCpus: Math.round((resources.cpus ?? 0) * 1e9),
    CpuShares: resources.cpuShares ?? 0,
    PidsLimit: limit(resources.pidsLimit),
    Init: options.init,
  };
}

/** What `-p` asked for. */
function describeBindings({ networking }: RunOptions): object {
  const bindings: Record<string, object[]> = {};
  for (const { protocol, containerPort, hostIp, hostPort } of networking?.publish ?? []) {
    const list = (bindings[`${containerPort}/${protocol}`] ??= []);
    list.push({ HostIp: hostIp, HostPort: hostPort === 0 ? "" : String(hostPort) });
  }
  return bindings;
}
