// `--volumes-from`: what another container has mounted, where nothing of this one's own is.

import { readTextIfThere } from "../../../ffi/files.ts";
import type { MountPoint } from "../container-details.ts";
import { findUser } from "../container-users.ts";
import { findContainer } from "../find-containers.ts";
import type { MountOption, RunOptions } from "../run-options.ts";
import type { StateStore } from "../state-store.ts";
import { noSuchContainer } from "../no-such.ts";

/**
 * The mounts of the options and those that they inherit; the options' own win, then the first named.
 * @throws UserError for a container that is not there
 */
export function listInheritedMounts(
  { mounts, volumesFrom = [] }: RunOptions,
  containers: StateStore,
): MountOption[] {
  const all = [...mounts];
  for (const { container, readonly } of volumesFrom) {
    for (const point of listPoints(container, containers)) {
      if (all.some(({ target }) => target === point.target)) continue;
      all.push(makeMount(point, readonly));
    }
  }
  return all;
}

function makeMount(point: MountPoint, readonly: boolean): MountOption {
  const { name, source, target } = point;
  const isReadonly = readonly || point.readonly;
  if (name !== undefined) {
    return { type: "volume", name, target, readonly: isReadonly, copy: false };
  }
  return {
    type: "bind",
    source,
    target,
    readonly: isReadonly,
    propagation: "rprivate",
    createSource: false,
    recursive: true,
  };
}

/** A container without details has bind mounts at most: they are in its config.json. */
function listPoints(text: string, containers: StateStore): readonly MountPoint[] {
  const details = findUser(text)?.details;
  if (details !== undefined) return details.mounts.filter(({ type }) => type !== "image");
  const id = findContainer(text, containers);
  if (id === undefined) throw noSuchContainer(text, 125);
  const folder = containers.containerFolder(id);
  const spec = readTextIfThere(`${folder}/config.json`);
  return spec === undefined ? [] : listBinds(spec, folder);
}

interface SpecMount {
  readonly type?: string;
  readonly source?: string;
  readonly destination?: string;
  readonly options?: readonly string[];
}

function listBinds(text: string, folder: string): MountPoint[] {
  const spec = JSON.parse(text) as { readonly mounts?: readonly SpecMount[] };
  const points: MountPoint[] = [];
  for (const { type, source = "", destination = "", options = [] } of spec.mounts ?? []) {
    if (type !== "bind" || source.startsWith(`${folder}/`)) continue;
    const readonly = options.includes("ro") || options.includes("rro");
    points.push({ type: "bind", source, target: destination, readonly });
  }
  return points;
}
