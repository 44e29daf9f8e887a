// Where images can come from and go to besides registries, as skopeo and podman write it:
// `docker-archive:PATH[:NAME]`, `oci-archive:PATH[:NAME]`, `oci:FOLDER[:NAME]`, `dir:FOLDER`.

import { UserError } from "../../errors.ts";
import type { Descriptor } from "../types.ts";

export type TransportKind = "docker-archive" | "oci-archive" | "oci" | "dir";

export interface Transport {
  readonly kind: TransportKind;
  readonly path: string;
  /** The image that is meant, where there are several, or the name that it gets. */
  readonly reference?: string;
}

/** An image that is in the store now. */
export interface LoadedImage {
  /** Its manifest, or an index. */
  readonly descriptor: Descriptor;
  /** Canonical names that it has got. */
  readonly names: readonly string[];
}

const KINDS: readonly TransportKind[] = ["docker-archive", "oci-archive", "oci", "dir"];

/** The transport that a text names; undefined for what begins with none. Throws UserError. */
export function parseTransport(text: string): Transport | undefined {
  const kind = KINDS.find((each) => text.startsWith(`${each}:`));
  if (kind === undefined) return undefined;
  const rest = text.slice(kind.length + 1);
  const colon = kind === "dir" ? -1 : rest.indexOf(":");
  const path = colon < 0 ? rest : rest.slice(0, colon);
  if (path === "") throw new UserError(`${kind}: must be followed by a path: got "${text}"`);
  const reference = colon < 0 ? "" : rest.slice(colon + 1);
  return { kind, path, ...(reference === "" ? {} : { reference }) };
}
