// The container that `commit`, `diff` and `export` are about: one that was made of an image, and runs or is kept.

import { detectCgroups } from "../../../cgroups/detect.ts";
import { UserError } from "../../errors.ts";
import type { ImageStore } from "../../image/store/store.ts";
import type { Manifest, ImageConfig } from "../../image/types.ts";
import { isIndex } from "../../image/types.ts";
import type { ContainerDetails } from "../container-details.ts";
import { findUser } from "../container-users.ts";
import { findRecord } from "../containers/running-record.ts";
import type { ContainerRecord } from "../state-store.ts";
import { findLayer } from "../storage/container-storage.ts";
import { noSuchContainer } from "../no-such.ts";

/** A container's layers and what it was made with. */
export interface LayeredContainer {
  readonly id: string;
  /** Where it runs. */
  readonly record: ContainerRecord | undefined;
  readonly details: ContainerDetails;
  readonly manifest: Manifest;
  readonly imageConfig: ImageConfig;
  /** Its writable layer. */
  readonly upper: string;
  /** The image's, the topmost first. */
  readonly lowers: readonly string[];
}

/** @throws UserError in docker's words for a container that is not there, or has no layers */
export async function openContainer(text: string, store: ImageStore): Promise<LayeredContainer> {
  const user = findUser(text);
  if (user === undefined) throw noSuchContainer(text);
  const { id, details } = user;
  if (details?.image === undefined) {
    throw new UserError(
      `container "${text}" has no layers: it was not made of an image, or never started`,
      "the files of other containers are those of the host or of --rootfs",
      1,
    );
  }
  const { manifest: descriptor } = details.image;
  const manifest = store.readManifest(descriptor);
  if (isIndex(manifest)) throw new Error("a container of an index");
  const layers = await store.ensureLayers({ manifest: descriptor });
  return {
    id,
    record: findRecord(id),
    details,
    manifest,
    imageConfig: store.readConfig(manifest.config),
    upper: findLayer(id),
    lowers: layers.map(({ path }) => path),
  };
}

/** Does something while nothing in the container moves. */
export function whilePaused<T>({ record }: LayeredContainer, isPaused: boolean, act: () => T): T {
  const { cgroupsPath = "" } = record ?? {};
  if (cgroupsPath === "") return act();
  const cgroups = detectCgroups();
  // One that somebody else has paused stays so.
  if (!isPaused || cgroups.isFrozen(cgroupsPath)) return act();
  cgroups.freeze(cgroupsPath);
  try {
    return act();
  } finally {
    cgroups.thaw(cgroupsPath);
  }
}

const ETC_FILES = ["/etc/hosts", "/etc/hostname", "/etc/resolv.conf", "/etc/mtab"];

/** Whether something in the writable layer is there for a mount of ours alone. */
export function isMountPlace(path: string): boolean {
  return ETC_FILES.includes(path) || /^\/(dev|proc|sys)(\/|$)/.test(path);
}
