// `Config` of `inspect`: the program of a container, in docker's shape.

import type { ContainerConfig, Healthcheck } from "../../image/types.ts";
import type { RunOptions } from "../run-options.ts";
import { imageName } from "../events/describe-run.ts";

const NANOSECONDS_PER_MS = 1_000_000;

/** @param made what the flags and the image have come to, once it was looked at */
export function describeConfig(
  id: string,
  options: RunOptions,
  made: ContainerConfig = { Cmd: options.command },
): object {
  const { interactive, attach = [] } = options;
  const health = mergeHealth(made.Healthcheck, options.health);
  const exposed = describeExposed(options, made);
  return {
    Hostname: options.hostname ?? id.slice(0, 12),
    Domainname: options.domainname ?? "",
    User: made.User ?? formatUser(options.user),
    AttachStdin: attach.includes("stdin"),
    AttachStdout: attach.includes("stdout"),
    AttachStderr: attach.includes("stderr"),
    ...(Object.keys(exposed).length > 0 && { ExposedPorts: exposed }),
    Tty: options.tty,
    OpenStdin: interactive,
    StdinOnce: interactive && attach.includes("stdin"),
    Env: made.Env ?? options.env,
    Cmd: made.Cmd?.length === 0 ? null : (made.Cmd ?? null),
    ...(health !== undefined && { Healthcheck: health }),
    Image: imageName(options.root),
    Volumes: describeVolumes(options, made),
    WorkingDir: made.WorkingDir ?? options.workdir ?? "",
    Entrypoint: made.Entrypoint ?? options.entrypoint ?? null,
    OnBuild: made.OnBuild ?? null,
    Labels: options.labels,
    ...(options.stopSignal === undefined ? {} : { StopSignal: options.stopSignal }),
    ...(options.stopTimeoutS === undefined ? {} : { StopTimeout: options.stopTimeoutS }),
  };
}

const formatUser = ({ user, group }: RunOptions["user"] = { user: "" }): string =>
  group === undefined ? user : `${user}:${group}`;

function describeExposed({ networking }: RunOptions, made: ContainerConfig): object {
  const ports: Record<string, object> = { ...made.ExposedPorts };
  for (const { port, protocol } of networking?.expose ?? []) ports[`${port}/${protocol}`] = {};
  for (const { containerPort, protocol } of networking?.publish ?? []) {
    ports[`${containerPort}/${protocol}`] = {};
  }
  return ports;
}

/** Those without a name, which the image or `-v /folder` asked for. */
function describeVolumes({ mounts }: RunOptions, { Volumes = {} }: ContainerConfig): object | null {
  const named = new Set<string>();
  for (const mount of mounts) {
    if (mount.type === "volume" && mount.name !== undefined) named.add(mount.target);
  }
  const entries = Object.entries(Volumes).filter(([target]) => !named.has(target));
  return entries.length === 0 ? null : Object.fromEntries(entries);
}

function mergeHealth(
  image: Healthcheck | undefined,
  own: RunOptions["health"],
): Healthcheck | undefined {
  if (own === undefined) return image;
  const given: Healthcheck = {
    ...(own.test && { Test: own.test }),
    ...(own.intervalMs && { Interval: own.intervalMs * NANOSECONDS_PER_MS }),
    ...(own.timeoutMs && { Timeout: own.timeoutMs * NANOSECONDS_PER_MS }),
    ...(own.startPeriodMs && { StartPeriod: own.startPeriodMs * NANOSECONDS_PER_MS }),
    ...(own.startIntervalMs && { StartInterval: own.startIntervalMs * NANOSECONDS_PER_MS }),
    ...(own.retries && { Retries: own.retries }),
  };
  return { ...image, ...given };
}
