// Manifests, indexes and image configurations as they come from strangers → typed values. What is
// not known is let through where it does no harm, and refused where it would be obeyed.

import { UserError } from "../errors.ts";
import { type Digest, isDigest } from "./digest.ts";
import {
  type Annotations,
  type ContainerConfig,
  type Descriptor,
  type HistoryEntry,
  type ImageConfig,
  type Index,
  type Manifest,
  MEDIA_TYPE,
  type Platform,
} from "./types.ts";

type Json = Readonly<Record<string, unknown>>;

/** Reads one document: `what` is how messages call it. */
class Reader {
  constructor(readonly what: string) {}

  refuse(path: string, wanted: string, got: unknown): never {
    const shown = (JSON.stringify(got) ?? "nothing").slice(0, 80);
    throw new UserError(`${this.what} is not valid: ${path} must be ${wanted}: got ${shown}`);
  }

  document(bytes: Uint8Array): Json {
    let value: unknown;
    try {
      value = JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(bytes));
    } catch {
      throw new UserError(`${this.what} is not valid: it is no JSON`);
    }
    return this.object(value, "the document");
  }

  object(value: unknown, path: string): Json {
    if (!isObject(value)) this.refuse(path, "an object", value);
    return value;
  }

  list(value: unknown, path: string): readonly unknown[] {
    // Go writes an empty list as null.
    if (value === null) return [];
    if (!Array.isArray(value)) this.refuse(path, "a list", value);
    return value;
  }

  text(value: unknown, path: string): string {
    if (typeof value !== "string") this.refuse(path, "a text", value);
    return value;
  }

  optionalText(value: unknown, path: string): string | undefined {
    return value === undefined || value === null ? undefined : this.text(value, path);
  }

  texts(value: unknown, path: string): readonly string[] {
    return this.list(value, path).map((each, i) => this.text(each, `${path}[${i}]`));
  }

  textMap(value: unknown, path: string): Readonly<Record<string, string>> {
    const map = Object.entries(this.object(value, path));
    return Object.fromEntries(map.map(([key, each]) => [key, this.text(each, `${path}.${key}`)]));
  }

  size(value: unknown, path: string): number {
    if (typeof value === "number" && Number.isSafeInteger(value) && value >= 0) return value;
    return this.refuse(path, "a size in bytes", value);
  }

  digest(value: unknown, path: string): Digest {
    if (typeof value === "string" && isDigest(value)) return value;
    return this.refuse(path, "a sha256 digest", value);
  }
}

const isObject = (value: unknown): value is Json =>
  typeof value === "object" && value !== null && !Array.isArray(value);

/** `{ [key]: value }`, or nothing where there is no value. */
function maybe<K extends string, V>(key: K, value: V | undefined): { readonly [P in K]?: V } {
  // The one place where TypeScript loses the key's literal type.
  return value === undefined ? {} : ({ [key]: value } as { [P in K]: V });
}

function readDescriptor(reader: Reader, value: unknown, path: string): Descriptor {
  const json = reader.object(value, path);
  const { platform, annotations, urls } = json;
  return {
    mediaType: reader.optionalText(json["mediaType"], `${path}.mediaType`) ?? "",
    digest: reader.digest(json["digest"], `${path}.digest`),
    size: reader.size(json["size"], `${path}.size`),
    ...maybe("platform", isObject(platform) ? readPlatform(platform) : undefined),
    ...maybe("annotations", readAnnotations(reader, annotations, `${path}.annotations`)),
    ...maybe("urls", urls === undefined ? undefined : reader.texts(urls, `${path}.urls`)),
    ...maybe("artifactType", reader.optionalText(json["artifactType"], `${path}.artifactType`)),
  };
}

function readPlatform(json: Json): Platform {
  const text = (key: string) => (typeof json[key] === "string" ? json[key] : undefined);
  return {
    os: text("os") ?? "unknown",
    architecture: text("architecture") ?? "unknown",
    ...maybe("variant", text("variant") || undefined),
    ...maybe("os.version", text("os.version")),
  };
}

function readAnnotations(reader: Reader, value: unknown, path: string): Annotations | undefined {
  return value === undefined || value === null ? undefined : reader.textMap(value, path);
}

/**
 * The manifest or index in `bytes`.
 * @param mediaType what the descriptor or the registry calls it, where the document does not say
 * @throws UserError for anything that is neither
 */
export function parseManifest(bytes: Uint8Array, mediaType = ""): Manifest | Index {
  const reader = new Reader("the manifest");
  const json = reader.document(bytes);
  if (json["schemaVersion"] === 1) {
    throw new UserError(
      "the manifest is of Docker's schema 1, which is not supported",
      "its registry gives better ones since 2016: pull the image by its tag",
    );
  }
  if (json["schemaVersion"] !== 2) reader.refuse("schemaVersion", "2", json["schemaVersion"]);
  const own = reader.optionalText(json["mediaType"], "mediaType");
  const annotations = readAnnotations(reader, json["annotations"], "annotations");
  const shared = { schemaVersion: 2, ...maybe("annotations", annotations) } as const;
  // Security: a document that is both could be taken for one here and for the other elsewhere
  // (CVE-2021-41190).
  if (json["manifests"] !== undefined && (json["layers"] ?? json["config"]) !== undefined) {
    throw new UserError("the manifest is not valid: it has both layers and manifests");
  }
  if (json["manifests"] !== undefined) {
    const manifests = reader.list(json["manifests"], "manifests");
    return {
      ...shared,
      mediaType: own ?? (mediaType || MEDIA_TYPE.ociIndex),
      manifests: manifests.map((each, i) => readDescriptor(reader, each, `manifests[${i}]`)),
    };
  }
  return {
    ...shared,
    mediaType: own ?? (mediaType || MEDIA_TYPE.ociManifest),
    config: readDescriptor(reader, json["config"], "config"),
    layers: reader
      .list(json["layers"] ?? [], "layers")
      .map((each, i) => readDescriptor(reader, each, `layers[${i}]`)),
  };
}

/** The image configuration in `bytes`; fields that are not known are kept. Throws UserError. */
export function parseImageConfig(bytes: Uint8Array): ImageConfig {
  const reader = new Reader("the image configuration");
  const json = reader.document(bytes);
  const rootfs = reader.object(json["rootfs"], "rootfs");
  const diffIds = reader.list(rootfs["diff_ids"] ?? [], "rootfs.diff_ids");
  const { config, history } = json;
  return {
    ...withoutNulls(json),
    os: reader.optionalText(json["os"], "os") ?? "linux",
    architecture: reader.optionalText(json["architecture"], "architecture") ?? "unknown",
    ...maybe("config", isObject(config) ? readContainerConfig(reader, config) : undefined),
    rootfs: {
      type: "layers",
      diff_ids: diffIds.map((each, i) => reader.digest(each, `rootfs.diff_ids[${i}]`)),
    },
    ...maybe("history", history ? readHistory(reader, history) : undefined),
  };
}

const LIST_FIELDS = ["Env", "Entrypoint", "Cmd", "Shell", "OnBuild"] as const;
const TEXT_FIELDS = ["User", "WorkingDir", "StopSignal"] as const;

function readContainerConfig(reader: Reader, json: Json): ContainerConfig {
  const checked: Record<string, unknown> = withoutNulls(json);
  for (const key of LIST_FIELDS) {
    if (key in checked) checked[key] = reader.texts(checked[key], `config.${key}`);
  }
  for (const key of TEXT_FIELDS) {
    if (key in checked) checked[key] = reader.text(checked[key], `config.${key}`);
  }
  for (const key of ["ExposedPorts", "Volumes"]) {
    if (key in checked) checked[key] = reader.object(checked[key], `config.${key}`);
  }
  if ("Labels" in checked) checked["Labels"] = reader.textMap(checked["Labels"], "config.Labels");
  return checked;
}

function readHistory(reader: Reader, value: unknown): readonly HistoryEntry[] {
  return reader.list(value, "history").map((each, i) => {
    const json = reader.object(each, `history[${i}]`);
    const text = (key: string) => reader.optionalText(json[key], `history[${i}].${key}`);
    return {
      ...maybe("created", text("created")),
      ...maybe("author", text("author")),
      ...maybe("created_by", text("created_by")),
      ...maybe("comment", text("comment")),
      ...(json["empty_layer"] === true ? { empty_layer: true } : {}),
    };
  });
}

/** Go writes what is not there as null; here it is not there. */
function withoutNulls(json: Json): Record<string, unknown> {
  return Object.fromEntries(Object.entries(json).filter(([, value]) => value !== null));
}
