// `image inspect`, with the names and the order of docker's fields.

import type { ContainerConfig } from "../../image/types.ts";
import { chainIds } from "../../image/store/layers.ts";
import type { ImageStore } from "../../image/store/store.ts";
import { type ImageFacts, readFacts } from "./image-facts.ts";
import { narrowImage } from "./narrow-image.ts";
import { findImage, openStore } from "./open-store.ts";

/** What is there, and the names that lead nowhere. */
export interface InspectedImages {
  readonly found: readonly object[];
  readonly missing: readonly string[];
}

/** @throws UserError where an image is there, but not for the platform */
export function inspectImages(names: readonly string[], platform?: string): InspectedImages {
  using store = openStore();
  const found: object[] = [];
  const missing: string[] = [];
  for (const name of names) {
    const image = findImage(store, name);
    const facts = image && readFacts(store, narrowImage(image, platform, store));
    if (facts === undefined) missing.push(name);
    else found.push(describeImage(facts, store));
  }
  return { found, missing };
}

function describeImage(facts: ImageFacts, store: ImageStore): object {
  const { image, config, tags, digests, sizeBytes } = facts;
  const comment = config.history?.at(-1)?.comment ?? "";
  return {
    Id: image.id,
    RepoTags: tags.map(({ repository, tag }) => `${repository}:${tag}`),
    RepoDigests: digests,
    Parent: "",
    Comment: comment,
    Created: config.created ?? "0001-01-01T00:00:00Z",
    DockerVersion: "",
    Author: config.author ?? "",
    Config: describeConfig(config.config ?? {}),
    Architecture: config.architecture,
    ...(config.variant !== undefined && { Variant: config.variant }),
    Os: config.os,
    ...(config["os.version"] !== undefined && { OsVersion: config["os.version"] }),
    Size: sizeBytes,
    GraphDriver: describeLayers(facts, store),
    RootFS: { Type: "layers", Layers: config.rootfs.diff_ids },
    Metadata: { LastTagTime: "0001-01-01T00:00:00Z" },
    Descriptor: {
      mediaType: image.top.mediaType,
      digest: image.top.digest,
      size: image.top.size,
    },
  };
}

function describeConfig(config: ContainerConfig): object {
  const { ExposedPorts, Volumes, Labels, Entrypoint, Cmd, Env, OnBuild } = config;
  return {
    Hostname: "",
    Domainname: "",
    User: config.User ?? "",
    AttachStdin: false,
    AttachStdout: false,
    AttachStderr: false,
    ...(ExposedPorts !== undefined && { ExposedPorts }),
    Tty: false,
    OpenStdin: false,
    StdinOnce: false,
    Env: Env ?? null,
    Cmd: Cmd ?? null,
    ...(config.Healthcheck !== undefined && { Healthcheck: config.Healthcheck }),
    Image: "",
    Volumes: Volumes ?? null,
    WorkingDir: config.WorkingDir ?? "",
    Entrypoint: Entrypoint ?? null,
    OnBuild: OnBuild ?? null,
    Labels: Labels ?? null,
    ...(config.StopSignal !== undefined && { StopSignal: config.StopSignal }),
    ...(config.Shell !== undefined && { Shell: config.Shell }),
  };
}

function describeLayers({ config }: ImageFacts, store: ImageStore): object {
  const folders = chainIds(config.rootfs.diff_ids).map((id) => `${store.paths.layer(id)}/diff`);
  const [upper = "", ...lower] = folders.toReversed();
  const data = lower.length === 0 ? {} : { LowerDir: lower.join(":") };
  return { Data: { ...data, UpperDir: upper }, Name: "overlay2" };
}
