// The options for another start of a kept container.

import { readDetails } from "../container-details.ts";
import type { MountOption, RunOptions } from "../run-options.ts";
import type { KeptContainer, KeptStore } from "./kept.ts";

/** The volumes are those that it has got already. */
export function optionsForStart({ id, options }: KeptContainer, kept: KeptStore): RunOptions {
  const details = readDetails(kept.folder(id));
  if (details === undefined) return options;
  const targets = new Set<string>();
  const mounts: MountOption[] = [];
  for (const { type, name, target, readonly } of details.mounts) {
    if (type !== "volume" || name === undefined) continue;
    mounts.push({ type: "volume", name, target, readonly, copy: false });
    targets.add(target);
  }
  for (const mount of options.mounts) if (!targets.has(mount.target)) mounts.push(mount);
  return { ...options, mounts };
}
