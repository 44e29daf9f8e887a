// What events say of a container besides what happened to it.

import type { RootOption, RunOptions } from "../run-options.ts";

/** What docker calls its image: the reference, the folder, or that it is this host's own root. */
export function imageName(root: RootOption): string {
  switch (root.kind) {
    case "image":
      return root.reference;
    case "rootfs":
      return root.path;
    case "host":
      return "host";
  }
}

/** The attributes of its events: its labels, its image, and its name where it was given one. */
export function describeRun({
  root,
  labels,
  name,
}: Pick<RunOptions, "root" | "labels" | "name">): Record<string, string> {
  return { ...labels, image: imageName(root), ...(name === undefined ? {} : { name }) };
}
