// What `inspect` shows of a container: docker's shape.

import { type MountPoint, readDetails } from "../container-details.ts";
import type { MountOption, RunOptions } from "../run-options.ts";
import { describeNetworks } from "../networks/describe.ts";
import { describeConfig } from "./describe-config.ts";
import { describeHostConfig } from "./describe-host-config.ts";
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
  const { container, record } = live;
  const { id, name, createdMs, options, imageId = "" } = container;
  const folder = kept.folder(id);
  const details = readDetails(folder);
  const [path = "", ...args] = commandOf(container, () => details);
  // docker makes these at the first start.
  const place = (file: string): string => (live.kept.startedMs === 0 ? "" : `${folder}/${file}`);
  return {
    Id: id,
    Created: formatTime(createdMs),
    Path: path,
    Args: args,
    State: describeState(live, kept),
    Image: details?.image?.id ?? imageId,
    ResolvConfPath: place("resolv.conf"),
    HostnamePath: place("hostname"),
    HostsPath: place("hosts"),
    LogPath: place(LOG_FILE),
    Name: `/${name}`,
    RestartCount: live.kept.restartCount,
    Driver: "overlay2",
    Platform: "linux",
    MountLabel: "",
    ProcessLabel: "",
    AppArmorProfile: options.security.apparmor ?? "",
    ExecIDs: null,
    HostConfig: describeHostConfig(options),
    GraphDriver: describeLayers(folder),
    Mounts: (details?.mounts ?? []).map((mount) => describeMount(mount, options)),
    Config: describeConfig(id, options, details?.config),
    NetworkSettings: describeNetworks(container, record !== undefined),
  };
}

function describeLayers(folder: string): object {
  const data = {
    MergedDir: `${folder}/merged`,
    UpperDir: `${folder}/upper`,
    WorkDir: `${folder}/work`,
  };
  return { Data: data, Name: "overlay2" };
}

function describeMount(
  { type, name, source, target, readonly }: MountPoint,
  { mounts }: Pick<RunOptions, "mounts">,
): object {
  const asked = mounts.find((mount) => mount.target === target);
  return {
    Type: type,
    ...(name === undefined ? {} : { Name: name }),
    Source: source,
    Destination: target,
    ...(type === "volume" && { Driver: "local" }),
    Mode: modeOf(asked),
    RW: !readonly,
    Propagation: type === "bind" ? "rprivate" : "",
  };
}

/** What stood at the end of `-v`, or docker's word for a volume with a name. */
function modeOf(asked: MountOption | undefined): string {
  if (asked?.type === "bind") return asked.readonly && asked.createSource ? "ro" : "";
  if (asked?.type === "volume" && asked.name !== undefined) return asked.readonly ? "ro" : "z";
  return "";
}

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
