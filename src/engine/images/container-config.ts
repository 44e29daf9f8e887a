// What an image says about its containers, and the flags of `run`: which of the two holds. Pure.

import type { ContainerConfig } from "../../image/types.ts";
import type { ImageDefaults } from "../host-facts.ts";
import { parseUserText } from "../resolve-user.ts";
import type { MountOption, NetworkingOptions, PortOption, RunOptions } from "../run-options.ts";

/** What the spec's process takes from an image. */
export function makeImageDefaults(config: ContainerConfig): ImageDefaults {
  const { Entrypoint, Cmd, Env, WorkingDir } = config;
  return {
    ...(Entrypoint && { entrypoint: Entrypoint }),
    ...(Cmd && { command: Cmd }),
    ...(Env && { env: Env }),
    ...(WorkingDir && { workdir: WorkingDir }),
  };
}

/**
 * The options with what the image says where no flag says otherwise: user and stop signal, labels
 * (the flags' win), and an anonymous volume for each VOLUME that nothing is mounted on.
 */
export function applyImageConfig(options: RunOptions, config: ContainerConfig): RunOptions {
  const user = options.user ?? parseUserText(config.User ?? "");
  const stopSignal = options.stopSignal ?? config.StopSignal;
  return {
    ...options,
    ...(user !== undefined && { user }),
    ...(stopSignal && { stopSignal }),
    ...(options.networking !== undefined && {
      networking: { ...options.networking, expose: listExposed(options.networking, config) },
    }),
    labels: { ...config.Labels, ...options.labels },
    mounts: [...options.mounts, ...listImageVolumes(options.mounts, config)],
  };
}

/** `EXPOSE` of the image and of the flags: for -P. */
function listExposed({ expose }: NetworkingOptions, config: ContainerConfig): PortOption[] {
  return [...expose, ...parseExposed(Object.keys(config.ExposedPorts ?? {}))];
}

/** The ports of `80/tcp` and the like; what is none is left out. */
export function parseExposed(texts: readonly string[]): PortOption[] {
  return texts.flatMap((text) => {
    const [, port, protocol = "tcp"] = /^(\d+)(?:\/(tcp|udp|sctp))?$/.exec(text) ?? [];
    if (port === undefined) return [];
    return [{ port: Number(port), protocol: protocol as PortOption["protocol"] }];
  });
}

function listImageVolumes(
  mounts: readonly MountOption[],
  config: ContainerConfig,
): readonly MountOption[] {
  const taken = new Set(mounts.map(({ target }) => trimPath(target)));
  const targets = Object.keys(config.Volumes ?? {}).map(trimPath);
  return targets
    .filter((target) => target !== "/" && target.startsWith("/") && !taken.has(target))
    .sort()
    .map((target) => ({ type: "volume", target, readonly: false, copy: true }));
}

function trimPath(path: string): string {
  return path.length > 1 ? path.replace(/\/+$/, "") || "/" : path;
}

/** What a container of these options would be committed with: docker's `Config` of a container. */
export function makeContainerConfig(options: RunOptions, config: ContainerConfig): ContainerConfig {
  const entrypoint = options.entrypoint ?? config.Entrypoint;
  const hasOwn = options.command.length > 0 || options.entrypoint !== undefined;
  const command = hasOwn ? options.command : (config.Cmd ?? []);
  const { user, group } = options.user ?? { user: "" };
  const workdir = options.workdir ?? config.WorkingDir;
  const volumes = options.mounts.filter((mount) => mount.type === "volume");
  const targets = [...Object.keys(config.Volumes ?? {}), ...volumes.map(({ target }) => target)];
  return {
    ...config,
    User: group === undefined ? user : `${user}:${group}`,
    Env: mergeEnv(config.Env ?? [], options.env),
    Cmd: command,
    ...(entrypoint !== undefined && { Entrypoint: entrypoint.filter((word) => word !== "") }),
    ...(workdir && { WorkingDir: workdir }),
    Volumes: Object.fromEntries(targets.map((target) => [trimPath(target), {}])),
    Labels: options.labels,
    ...(options.stopSignal && { StopSignal: options.stopSignal }),
  };
}

/** docker's order: the container's own first, then those of the image that it leaves. */
function mergeEnv(image: readonly string[], own: readonly string[]): string[] {
  const values = new Map<string, string>();
  for (const entry of own) {
    const name = entry.replace(/=.*/s, "");
    if (name !== entry && name !== "") values.set(name, entry);
  }
  for (const entry of image) {
    const name = entry.replace(/=.*/s, "");
    if (!values.has(name)) values.set(name, entry);
  }
  return [...values.values()];
}
