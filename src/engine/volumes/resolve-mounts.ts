// Mounts of volumes and images → mounts of folders, and the list of volumes that have to be there.

import { fileType } from "../../../ffi/files.ts";
import { UserError } from "../../errors.ts";
import type { MountPoint } from "../container-details.ts";
import type { RunImage } from "../images/run-image.ts";
import { makeId } from "../names.ts";
import { makeBind, refuseLinks } from "./bind.ts";
import type {
  HostMountOption,
  MountOption,
  RunOptions,
  StoredMountOption,
} from "../run-options.ts";
import { checkVolumeOptions, findPlace } from "./volume-place.ts";
import type { VolumeStore } from "./volume-store.ts";

/** A volume that a container takes into use. */
export interface WantedVolume {
  readonly name: string;
  readonly target: string;
  /** Whether it may be filled from the image. */
  readonly copy: boolean;
  /** Nobody named it: it is the container's own. */
  readonly isAnonymous: boolean;
  readonly labels: Readonly<Record<string, string>>;
  readonly options: Readonly<Record<string, string>>;
}

export interface ResolvedMounts {
  readonly mounts: readonly HostMountOption[];
  readonly volumes: readonly WantedVolume[];
  readonly points: readonly MountPoint[];
  /** Those that are mounted: kept from being taken away until they are disposed. */
  readonly images: readonly RunImage[];
}

type VolumeMount = Extract<StoredMountOption, { type: "volume" }>;

/**
 * The mounts as folders of the host. Nothing is made yet.
 * @throws UserError for what cannot be mounted
 */
export async function resolveMounts(
  options: RunOptions,
  store: VolumeStore,
  isLookOnly: boolean,
): Promise<ResolvedMounts> {
  const mounts: HostMountOption[] = [];
  const volumes: WantedVolume[] = [];
  const points: MountPoint[] = [];
  const images: RunImage[] = [];
  for (const mount of options.mounts) {
    if (mount.type === "image") {
      const { mountImage } = await import("../images/mount-image.ts");
      const mounted = await mountImage(mount, options, isLookOnly);
      mounts.push(mounted.mount);
      images.push(mounted.image);
      const { reference: source, target } = mount;
      points.push({ type: "image", source, target, readonly: true });
    } else if (mount.type === "volume") {
      const wanted = makeWanted(mount, isLookOnly);
      volumes.push(wanted);
      mounts.push(await makeVolumeMount(mount, wanted, store));
      points.push(makePoint(wanted.name, mount, store));
    } else {
      mounts.push(mount);
      if (mount.type === "bind") points.push(mount);
    }
  }
  refuseTwice(mounts);
  return { mounts, volumes, points, images };
}

function makeWanted(mount: VolumeMount, isLookOnly: boolean): WantedVolume {
  const { name, target, copy, labels = {}, driverOptions: options = {} } = mount;
  const isAnonymous = name === undefined;
  // What `explain` would choose is not what `run` will.
  const chosen = name ?? (isLookOnly ? "<volume>" : makeId());
  checkVolumeOptions(chosen, options);
  return { name: chosen, target, copy, isAnonymous, labels, options };
}

function makePoint(name: string, { target, readonly }: VolumeMount, store: VolumeStore) {
  return { type: "volume", name, source: store.mountpoint(name), target, readonly } as const;
}

async function makeVolumeMount(
  mount: VolumeMount,
  wanted: WantedVolume,
  store: VolumeStore,
): Promise<HostMountOption> {
  const { name, target } = wanted;
  const options = store.find(name)?.options ?? wanted.options;
  const place = await findPlace(name, options);
  const isReadonly = mount.readonly || place.options.includes("ro");
  if (place.kind !== "folder") {
    if (mount.subpath !== undefined) {
      throw new UserError(`volume-subpath of ${name} cannot be mounted: it is no folder`);
    }
    const words = isReadonly
      ? [...place.options.filter((word) => word !== "ro"), "ro"]
      : place.options;
    return { type: "filesystem", target, kind: place.type, source: place.device, options: words };
  }
  const source = place.path ?? store.mountpoint(name);
  if (mount.subpath === undefined) return makeBind(source, target, isReadonly);
  const path = `${source}/${mount.subpath}`;
  refuseLinks(source, mount.subpath);
  if (fileType(path) === 0) {
    throw new UserError(`cannot access path ${path}: no such file or directory`);
  }
  return makeBind(path, target, isReadonly);
}

function refuseTwice(mounts: readonly MountOption[]): void {
  const targets = new Set<string>();
  for (const { target } of mounts) {
    if (targets.has(target)) throw new UserError(`duplicate mount point: ${target}`);
    targets.add(target);
  }
}
