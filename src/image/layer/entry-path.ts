// Names in an archive → paths below a root: no leading slash, no `.`, no `..`, no doubled slashes;
// "" is the root itself. Byte strings, all of them.

import { showByteString } from "../../../ffi/tree.ts";
import { invalidArchive } from "./tar-entry.ts";

/** @throws UserError for a name that leads out of the root, whatever is below it */
export function cleanEntryPath(name: string): string {
  let start = 0;
  while (name.startsWith("/", start) || name.startsWith("./", start)) {
    start += name.startsWith("/", start) ? 1 : 2;
  }
  let end = name.length;
  while (end > start && name[end - 1] === "/") end--;
  const path = name.slice(start, end);
  // Speed: most names are clean by now.
  if (!path.includes("/.") && !path.includes("//") && !path.startsWith(".")) return path;
  const parts: string[] = [];
  for (const part of path.split("/")) {
    if (part === "" || part === ".") continue;
    if (part !== "..") parts.push(part);
    // Security: no archive that means well has these; docker and umoci refuse them, too.
    else if (parts.pop() === undefined) {
      invalidArchive(`the name "${showByteString(name.slice(0, 200))}" leads out of it`);
    }
  }
  return parts.join("/");
}

/** The path of the folder that holds `path`: "" for the root. */
export function parentOf(path: string): string {
  const slash = path.lastIndexOf("/");
  return slash < 0 ? "" : path.slice(0, slash);
}

export const baseOf = (path: string): string => path.slice(path.lastIndexOf("/") + 1);

/** Where a link that stands in the folder `folder` leads, the root being its end. */
export function linkTarget(folder: string, target: string): string {
  const parts = target.startsWith("/") || folder === "" ? [] : folder.split("/");
  for (const part of target.split("/")) {
    if (part === "" || part === ".") continue;
    if (part === "..") parts.pop();
    else parts.push(part);
  }
  return parts.join("/");
}
