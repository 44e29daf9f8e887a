// `-v SOURCE:TARGET[:OPTIONS]`, docker's short form of a bind mount.
import type { MountOption } from "../../engine/run-options.ts";
import { UserError } from "../../errors.ts";
import { resolvePath } from "./path.ts";

/** The ways in which mounts may spread, mount_namespaces(7). */
export const propagations = ["private", "rprivate", "slave", "rslave", "shared", "rshared"];

/** Returns a bind mount whose source is made when it is missing, as docker does. */
export function parseVolume(text: string, cwd: string): MountOption {
  if (text === "") throw new UserError("invalid empty volume spec");
  const [source = "", target, options, ...rest] = text.split(":");
  if (rest.length > 0) throw new UserError(`invalid spec: ${text}: too many colons`);
  if (source === "" || target === "" || options === "") {
    throw new UserError(`invalid spec: ${text}: empty section between colons`);
  }
  if (target === undefined) {
    throw new UserError(
      `anonymous volumes are not there yet: got "${text}"`,
      "write SOURCE:TARGET",
    );
  }
  requireFolderName(source);
  return {
    type: "bind",
    source: resolvePath(source, cwd),
    target: parseTarget(target),
    createSource: true,
    recursive: true,
    ...parseModes(options ?? "rw"),
  };
}

/** A source without a slash or dot in front is the name of a volume, never a folder. */
function requireFolderName(source: string): void {
  if (source.startsWith("/") || source.startsWith(".")) return;
  throw new UserError(
    `named volumes are not there yet: got "${source}"`,
    `for a folder write an absolute path, or ./${source}`,
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

function parseModes(text: string): { readonly: boolean; propagation: string } {
  const seen = { access: "", propagation: "", label: "", consistency: "" };
  for (const option of text.split(",")) {
    if (option === "nocopy") throw new UserError("nocopy is for named volumes");
    const kind = kindOf(option);
    if (kind === undefined || seen[kind] !== "") {
      throw new UserError(
        `invalid mode: ${text}`,
        `ro, rw, z, Z, or one of ${propagations.join(" ")}, separated by commas`,
      );
    }
    seen[kind] = option;
  }
  return { readonly: seen.access === "ro", propagation: seen.propagation || "rprivate" };
}

/** z and Z (SELinux labels) and the consistencies (macOS) are accepted and mean nothing here. */
function kindOf(option: string): "access" | "propagation" | "label" | "consistency" | undefined {
  if (option === "ro" || option === "rw") return "access";
  if (propagations.includes(option)) return "propagation";
  if (option === "z" || option === "Z") return "label";
  if (/^(consistent|cached|delegated|default)$/.test(option)) return "consistency";
  return undefined;
}
