// `-v SOURCE:TARGET[:OPTIONS]` and `-v TARGET`, docker's short form of bind mounts and volumes.
import type { MountOption, VolumesFromOption } from "../../engine/run-options.ts";
import { UserError } from "../../errors.ts";
import { resolvePath, type WorkingFolder } from "./path.ts";

/** The ways in which mounts may spread, mount_namespaces(7). */
export const propagations = ["private", "rprivate", "slave", "rslave", "shared", "rshared"];

/**
 * Returns the mount of a folder, whose source is made when it is missing, as docker does; of a
 * named volume; or, for a target alone, of a volume of the container's own.
 */
export function parseVolume(text: string, cwd: WorkingFolder): MountOption {
  if (text === "") throw new UserError("invalid empty volume spec");
  const [source = "", target, options, ...rest] = text.split(":");
  if (rest.length > 0) throw new UserError(`invalid spec: ${text}: too many colons`);
  if (source === "" || target === "" || options === "") {
    throw new UserError(`invalid spec: ${text}: empty section between colons`);
  }
  if (target === undefined) {
    return { type: "volume", target: parseTarget(source), readonly: false, copy: true };
  }
  // A source without a slash or dot in front is the name of a volume, never a folder.
  const isFolder = source.startsWith("/") || source.startsWith(".");
  const modes = parseModes(options ?? "rw", isFolder);
  if (!isFolder) {
    requireVolumeName(source);
    const { readonly, copy } = modes;
    return { type: "volume", name: source, target: parseTarget(target), readonly, copy };
  }
  return {
    type: "bind",
    source: resolvePath(source, cwd),
    target: parseTarget(target),
    createSource: true,
    recursive: true,
    readonly: modes.readonly,
    propagation: modes.propagation,
  };
}

/** @throws UserError in docker's words for what no volume can be called */
export function requireVolumeName(name: string): void {
  if (/^[a-zA-Z0-9][a-zA-Z0-9_.-]+$/.test(name)) return;
  if (name.length === 1) {
    throw new UserError(
      "volume name is too short, names should be at least two alphanumeric characters",
    );
  }
  throw new UserError(
    `create ${name}: "${name}" includes invalid characters for a local volume name, only "[a-zA-Z0-9][a-zA-Z0-9_.-]" are allowed`,
    `for a folder write an absolute path, or ./${name}`,
  );
}

/** Returns the absolute path in the container, folded; the root itself is refused. */
export function parseTarget(target: string): string {
  if (!target.startsWith("/")) {
    throw new UserError(`invalid mount path: '${target}' mount path must be absolute`);
  }
  const path = resolvePath(target, "/");
  if (path === "/") throw new UserError("invalid specification: destination can't be '/'");
  return path;
}

interface Modes {
  readonly readonly: boolean;
  readonly propagation: string;
  readonly copy: boolean;
}

function parseModes(text: string, isFolder: boolean): Modes {
  const seen = { access: "", propagation: "", label: "", consistency: "", copy: "" };
  for (const option of text.split(",")) {
    if (option === "nocopy" && isFolder) throw new UserError("nocopy is for named volumes");
    const kind = kindOf(option);
    if (kind === undefined || seen[kind] !== "" || (kind === "propagation" && !isFolder)) {
      const more = isFolder ? `or one of ${propagations.join(" ")}` : "or nocopy";
      throw new UserError(`invalid mode: ${text}`, `ro, rw, z, Z, ${more}, separated by commas`);
    }
    seen[kind] = option;
  }
  return {
    readonly: seen.access === "ro",
    propagation: seen.propagation || "rprivate",
    copy: seen.copy === "",
  };
}

/** z and Z (SELinux labels) and the consistencies (macOS) are accepted and mean nothing here. */
function kindOf(
  option: string,
): "access" | "propagation" | "label" | "consistency" | "copy" | undefined {
  if (option === "nocopy") return "copy";
  if (option === "ro" || option === "rw") return "access";
  if (propagations.includes(option)) return "propagation";
  if (option === "z" || option === "Z") return "label";
  if (/^(consistent|cached|delegated|default)$/.test(option)) return "consistency";
  return undefined;
}

/** Refuses every driver of volumes but docker's own. */
export function requireLocalDriver(driver: string): void {
  if (driver === "" || driver === "local") return;
  throw new UserError(`volume driver "${driver}" is not there`, "the only one is local");
}

/** Returns the container whose volumes are wanted, and whether to be read only. */
export function parseVolumesFrom(text: string): VolumesFromOption {
  const [container = "", mode = "rw", ...rest] = text.split(":");
  if (container === "") throw new UserError("invalid empty volume spec");
  if (rest.length > 0 || !/^(ro|rw)(,[zZ])?$|^[zZ]$/.test(mode)) {
    throw new UserError(`invalid mode: ${[mode, ...rest].join(":")}`, "ro or rw");
  }
  return { container, readonly: mode.startsWith("ro") };
}
