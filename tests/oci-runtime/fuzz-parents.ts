// The cgroups above that of a broken config.json: they are left to whoever has named them, and a byte of
// their names may be another than the test's own have.

import { existsSync, rmdirSync } from "node:fs";
import { cgroupHierarchies } from "../run/box.ts";

/** Those that are not there yet, the deepest first; none of a text that says nothing of it. */
export function findNewParents(config: Uint8Array): string[] {
  const parents: string[] = [];
  let path = cgroupsPathOf(config);
  while ((path = path.slice(0, Math.max(path.lastIndexOf("/"), 0))) !== "") parents.push(path);
  return cgroupHierarchies()
    .flatMap((hierarchy) => parents.map((parent) => `${hierarchy}${parent}`))
    .filter((directory) => !existsSync(directory));
}

/** @param own the cgroup that is removed at the end of the test */
export function removeParents(directories: readonly string[], own: string): void {
  for (const directory of directories) {
    if (!directory.endsWith(own) && existsSync(directory)) rmdirSync(directory);
  }
}

function cgroupsPathOf(config: Uint8Array): string {
  try {
    const path: unknown = JSON.parse(new TextDecoder().decode(config))?.linux?.cgroupsPath;
    return typeof path === "string" && path.startsWith("/") && !path.includes("\0") ? path : "";
  } catch {
    return "";
  }
}
