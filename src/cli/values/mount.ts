// `--mount type=bind,src=…,dst=…`, docker's long form: bind, tmpfs, volume and image.
import type { MountOption } from "../../engine/run-options.ts";
import { UserError } from "../../errors.ts";
import { splitCsv } from "./csv.ts";
import { parseBoolean } from "./number.ts";
import { splitPair } from "./pair.ts";
import { resolvePath, type WorkingFolder } from "./path.ts";
import { parseSize } from "./size.ts";
import { parseTarget, propagations, requireLocalDriver, requireVolumeName } from "./volume.ts";

interface MountDraft {
  type: string;
  source: string;
  target: string;
  readonly: boolean;
  propagation: string;
  recursive: boolean;
  recursiveReadonly: boolean;
  sizeBytes: number | undefined;
  mode: string | undefined;
  copy: boolean;
  subpath: string | undefined;
  readonly labels: Record<string, string>;
  readonly driverOptions: Record<string, string>;
  /** The families of options used: bind, tmpfs, volume, image. */
  families: string[];
}

/** Returns a bind mount, whose source must exist, a tmpfs, a volume or an image. */
export function parseMount(text: string, cwd: WorkingFolder): MountOption {
  const draft: MountDraft = {
    type: "volume",
    source: "",
    target: "",
    readonly: false,
    propagation: "",
    recursive: true,
    recursiveReadonly: false,
    sizeBytes: undefined,
    mode: undefined,
    copy: true,
    subpath: undefined,
    labels: {},
    driverOptions: {},
    families: [],
  };
  for (const field of splitCsv(text)) setField(draft, field);
  checkDraft(draft);
  if (draft.type === "bind") return makeBind(draft, cwd);
  if (draft.type === "tmpfs") return makeTmpfs(draft);
  return draft.type === "volume" ? makeVolume(draft) : makeImage(draft);
}

function setField(draft: MountDraft, field: string): void {
  const equals = field.indexOf("=");
  const key = (equals < 0 ? field : field.slice(0, equals)).toLowerCase();
  const value = equals < 0 ? undefined : field.slice(equals + 1);
  if (key === "readonly" || key === "ro") draft.readonly = parseSwitch(key, value);
  else if (key === "bind-nonrecursive") {
    draft.recursive = !parseSwitch(key, value);
    draft.families.push("bind");
  } else if (key === "volume-nocopy") {
    draft.copy = !parseSwitch(key, value);
    draft.families.push("volume");
  } else if (value === undefined) {
    throw new UserError(`invalid field '${field}' must be a key=value pair`);
  } else setPair(draft, key, value, field);
}

function setPair(draft: MountDraft, key: string, value: string, field: string): void {
  const family = key.split("-", 1)[0] ?? "";
  const known = family !== key && ["bind", "tmpfs", "volume", "image"].includes(family);
  if (known) draft.families.push(family);
  switch (key) {
    case "type":
      draft.type = value.toLowerCase();
      return;
    case "source":
    case "src":
      draft.source = value;
      return;
    case "target":
    case "dst":
    case "destination":
      draft.target = value;
      return;
    case "consistency":
      return;
    case "bind-propagation":
      if (!propagations.includes(value)) {
        throw new UserError(`invalid propagation: '${value}'`, propagations.join(", "));
      }
      draft.propagation = value;
      return;
    case "bind-recursive":
      setRecursive(draft, value);
      return;
    case "tmpfs-size":
      draft.sizeBytes = orInvalid(key, value, () => parseSize(value));
      return;
    case "tmpfs-mode":
      if (!/^[0-7]{1,5}$/.test(value)) throw new UserError(`invalid value for ${key}: ${value}`);
      draft.mode = value;
      return;
  }
  if (!setStored(draft, key, value)) throw new UserError(`unexpected key '${key}' in '${field}'`);
}

/** What is said of a volume or an image alone; false for an unknown key. */
function setStored(draft: MountDraft, key: string, value: string): boolean {
  switch (key) {
    case "volume-subpath":
    case "image-subpath":
      draft.subpath = value;
      return true;
    case "volume-label":
      setEntry(draft.labels, value);
      return true;
    case "volume-opt":
      setEntry(draft.driverOptions, value);
      return true;
    case "volume-driver":
      requireLocalDriver(value);
      return true;
    default:
      return false;
  }
}

function setEntry(entries: Record<string, string>, text: string): void {
  const [key, value] = splitPair(text);
  entries[key] = value;
}

/** `ro` alone is true. */
function parseSwitch(key: string, value: string | undefined): boolean {
  return value === undefined || orInvalid(key, value, () => parseBoolean(value));
}

function orInvalid<T>(key: string, value: string, parse: () => T): T {
  try {
    return parse();
  } catch {
    throw new UserError(`invalid value for ${key}: ${value}`);
  }
}

function setRecursive(draft: MountDraft, value: string): void {
  if (!/^(enabled|disabled|writable|readonly)$/.test(value)) {
    const wanted = '(must be "enabled", "disabled", "writable", or "readonly")';
    throw new UserError(`invalid value for bind-recursive: ${value} ${wanted}`);
  }
  draft.recursive = value !== "disabled";
  draft.recursiveReadonly = value === "readonly";
}

function checkDraft(draft: MountDraft): void {
  const { type, families } = draft;
  if (type === "") throw new UserError("type is required");
  if (!["bind", "tmpfs", "volume", "image"].includes(type)) {
    throw new UserError(
      `invalid mount config for type "${type}": mount type unknown`,
      "type=bind, tmpfs, volume or image",
    );
  }
  if (draft.target === "") throw new UserError("target is required");
  const mixed = families.find((family) => family !== type);
  if (mixed) throw new UserError(`cannot mix '${mixed}-*' options with mount type '${type}'`);
  if (draft.recursiveReadonly && !draft.readonly) {
    throw new UserError(
      "option 'bind-recursive=readonly' requires 'readonly' to be specified in conjunction",
    );
  }
}

function makeBind(draft: MountDraft, cwd: WorkingFolder): MountOption {
  if (draft.source === "") {
    throw new UserError('invalid mount config for type "bind": field Source must not be empty');
  }
  if (!draft.source.startsWith("/") && !draft.source.startsWith(".")) {
    throw new UserError(`invalid mount path: '${draft.source}' mount path must be absolute`);
  }
  return {
    type: "bind",
    source: resolvePath(draft.source, cwd),
    target: parseTarget(draft.target),
    readonly: draft.readonly,
    propagation: draft.propagation || "rprivate",
    createSource: false,
    recursive: draft.recursive,
  };
}

function makeTmpfs(draft: MountDraft): MountOption {
  if (draft.source !== "") throw new UserError("a tmpfs has no source");
  const options: string[] = [];
  if (draft.readonly) options.push("ro");
  if (draft.sizeBytes !== undefined) options.push(`size=${draft.sizeBytes}`);
  if (draft.mode !== undefined) options.push(`mode=${draft.mode}`);
  return { type: "tmpfs", target: parseTarget(draft.target), options };
}

function makeVolume(draft: MountDraft): MountOption {
  if (draft.source !== "") requireVolumeName(draft.source);
  else if (draft.subpath !== undefined) {
    throw new UserError("must not set Subpath when using anonymous volumes");
  }
  return {
    type: "volume",
    ...(draft.source !== "" && { name: draft.source }),
    target: parseTarget(draft.target),
    readonly: draft.readonly,
    copy: draft.copy,
    ...(draft.subpath !== undefined && { subpath: parseSubpath(draft.subpath) }),
    ...(hasKeys(draft.labels) && { labels: draft.labels }),
    ...(hasKeys(draft.driverOptions) && { driverOptions: draft.driverOptions }),
  };
}

function makeImage(draft: MountDraft): MountOption {
  if (draft.source === "") throw new UserError("source is required");
  return {
    type: "image",
    reference: draft.source,
    target: parseTarget(draft.target),
    ...(draft.subpath !== undefined && { subpath: parseSubpath(draft.subpath) }),
  };
}

/** Security: a folder below the volume, never beside it. */
function parseSubpath(path: string): string {
  if (path.startsWith("/") || path.split("/").includes("..")) {
    throw new UserError(`subpath must be a relative path within the volume: got '${path}'`);
  }
  return path;
}

function hasKeys(entries: Readonly<Record<string, string>>): boolean {
  return Object.keys(entries).length > 0;
}
