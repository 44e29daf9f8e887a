// The ids of `--userns auto`: 65536 of them that nobody else on the host has.

import { readTextIfThere } from "../../ffi/files.ts";
import { UserError } from "../errors.ts";
import type { IdMapping } from "../oci/spec.ts";
import type { IdMappings } from "./host-facts.ts";
import type { RunOptions } from "./run-options.ts";

const SIZE = 65_536;
/** Above what distributions, systemd and directory services give away. */
const FALLBACK_START = 0x70000000;
/** Whose range it is, in this order: bunker's own, the one that podman uses, root's. */
const OWNERS = ["bunker", "containers", "root"];

/**
 * The ranges of /etc/subuid and /etc/subgid, or one of its own where no owner has any. All
 * containers share it. @throws UserError for a root that cannot be id-mapped. subuid(5)
 */
export function findIdRanges({ root }: RunOptions): IdMappings {
  if (root.kind === "host") {
    throw new UserError(
      "--userns auto needs a rootfs or an image: the view of the host has no id-mapped mounts",
      "add --rootfs FOLDER",
    );
  }
  return {
    uids: [makeMapping(readTextIfThere("/etc/subuid") ?? "")],
    gids: [makeMapping(readTextIfThere("/etc/subgid") ?? "")],
  };
}

/** The mapping from 0 on that the text of a subuid file has for us. */
export function makeMapping(text: string): IdMapping {
  for (const owner of OWNERS) {
    for (const line of text.split("\n")) {
      const [name, start, count] = line.split(":");
      const [hostID, size] = [Number(start), Number(count)];
      if (name !== owner || !(hostID > 0) || !(size > 0)) continue;
      return { containerID: 0, hostID, size: Math.min(size, SIZE) };
    }
  }
  return { containerID: 0, hostID: FALLBACK_START, size: SIZE };
}
