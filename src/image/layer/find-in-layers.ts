// A place in an image of several layers, of which each has its part: what overlay would show there, as a
// list of folders that it can be made of. overlayfs.rst, "whiteouts and opaque directories"

import { O, S } from "../../../ffi/constants.ts";
import { SyscallError } from "../../../ffi/syscall-error.ts";
import { closeFd, openFolder, openInsideNoLinks, statusAt } from "../../../ffi/tree.ts";
import { isOpaque, isWhiteoutStatus } from "./whiteouts.ts";

const S_IFMT = 0o170000;

/** What is at a place. */
export type LayerPlace =
  | { readonly kind: "none" }
  /** A symbolic link, there or on the way: it may lead anywhere. */
  | { readonly kind: "link"; readonly path: string }
  | { readonly kind: "file"; readonly path: string }
  /** The folders that are seen together, the topmost first. */
  | { readonly kind: "folder"; readonly paths: readonly string[] };

/**
 * Looks through the layers for a relative path.
 * @param layers their folders, the topmost first
 */
export function findInLayers(layers: readonly string[], path: string): LayerPlace {
  const parts = path.split("/").filter((part) => part !== "" && part !== ".");
  const paths: string[] = [];
  for (const layer of layers) {
    const { found, hidesBelow } = lookUp(layer, parts);
    const place = [layer, ...parts].join("/");
    if (found === "link" && paths.length === 0) return { kind: "link", path: place };
    if (found === "file" && paths.length === 0) return { kind: "file", path: place };
    if (found === "folder") paths.push(place);
    // What is no folder hides those below, and is itself hidden by those above.
    if (hidesBelow) break;
  }
  return paths.length === 0 ? { kind: "none" } : { kind: "folder", paths };
}

interface Answer {
  readonly found: "none" | "link" | "file" | "folder";
  readonly hidesBelow: boolean;
}

/** Security: opened one by one, as a layer's links are the image's, and this process is the host's. */
function lookUp(layer: string, parts: readonly string[]): Answer {
  const root = openFolder(layer);
  if (root < 0) throw new SyscallError("open", -root, { path: layer });
  let hidesBelow = false;
  try {
    // The place itself is opened last: it may hide those below, too.
    for (const [i, part] of [...parts, undefined].entries()) {
      const folder = openInsideNoLinks(
        root,
        parts.slice(0, i).join("/"),
        O.O_RDONLY | O.O_DIRECTORY,
      );
      if (folder < 0) return { found: "none", hidesBelow };
      try {
        hidesBelow ||= isOpaque(folder);
        if (part === undefined) break;
        const status = statusAt(folder, part);
        if (typeof status === "number") return { found: "none", hidesBelow };
        if (isWhiteoutStatus(status)) return { found: "none", hidesBelow: true };
        const type = status.mode & S_IFMT;
        if (type === S.S_IFLNK) return { found: "link", hidesBelow: true };
        if (type !== S.S_IFDIR) {
          const isLast = i === parts.length - 1;
          return { found: isLast ? "file" : "none", hidesBelow: true };
        }
      } finally {
        closeFd(folder);
      }
    }
    return { found: "folder", hidesBelow };
  } finally {
    closeFd(root);
  }
}
