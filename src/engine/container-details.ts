// What other commands want to know of a running container that was made of an image or has volumes:
// details.json in its state folder, written before it starts.

import { readTextIfThere, removeFile, writeText } from "../../ffi/files.ts";
import type { ContainerConfig, Descriptor } from "../image/types.ts";

/** Something that is mounted in a container, for `--volumes-from` and for `volume rm`. */
export interface MountPoint {
  readonly type: "bind" | "volume" | "image";
  /** Of a volume. */
  readonly name?: string;
  readonly source: string;
  readonly target: string;
  readonly readonly: boolean;
}

export interface ContainerDetails {
  readonly image?: {
    readonly id: string;
    readonly name: string;
    /** What the store keeps for it while it runs. */
    readonly manifest: Descriptor;
  };
  /** What `commit` makes an image of. */
  readonly config: ContainerConfig;
  readonly mounts: readonly MountPoint[];
  /** Of images that are mounted in it. */
  readonly mountedImages?: readonly Descriptor[];
  /** Volumes that go with the container. */
  readonly ownVolumes: readonly string[];
  /** `--rm`: they go even where nobody was left to take them away. */
  readonly removesVolumes?: boolean;
}

export const DETAILS_FILE = "details.json";

export const formatDetails = (details: ContainerDetails): string => JSON.stringify(details);

/** @param folders the container's state folder, and that of what is kept of it */
export function writeDetails(folders: readonly string[], details: ContainerDetails): void {
  const text = formatDetails(details);
  for (const folder of folders) writeText(`${folder}/${DETAILS_FILE}`, text, { mode: 0o600 });
}

/** Takes them away. */
export function removeDetails(folder: string): void {
  removeFile(`${folder}/${DETAILS_FILE}`);
}

/** undefined where there is none, or only half of one. */
export function readDetails(folder: string): ContainerDetails | undefined {
  const text = readTextIfThere(`${folder}/${DETAILS_FILE}`);
  if (text === undefined) return undefined;
  try {
    return parseDetails(JSON.parse(text));
  } catch {
    // A process was killed while it wrote: then its container never ran.
    return undefined;
  }
}

/** Only root writes to the folder: what is there is ours. */
function parseDetails(value: unknown): ContainerDetails | undefined {
  if (typeof value !== "object" || value === null || !("mounts" in value)) return undefined;
  return value as ContainerDetails;
}
