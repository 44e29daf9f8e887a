// The OCI specification of a container of bunker's own, as it was made: config.json in its state folder.

import { readTextIfThere } from "../../ffi/files.ts";
import type { Spec } from "../oci/spec.ts";

export const SPEC_FILE = "config.json";

/**
 * undefined where there is none, or only half of one.
 * @param folder the container's state folder: root's alone, so that what is there is what we wrote
 */
export function readOwnSpec(folder: string): Spec | undefined {
  const text = readTextIfThere(`${folder}/${SPEC_FILE}`);
  try {
    return text === undefined ? undefined : (JSON.parse(text) as Spec);
  } catch {
    return undefined;
  }
}
