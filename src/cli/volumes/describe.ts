// A volume as `inspect` shows it.
import type { VolumeRow } from "../../engine/volumes/verbs.ts";
import { formatRfc3339 } from "../format/units.ts";

/** docker's shape. */
export function describeVolume({ name, createdMs, labels, options, mountpoint }: VolumeRow) {
  return {
    CreatedAt: formatRfc3339(createdMs),
    Driver: "local",
    Labels: orNull(labels),
    Mountpoint: mountpoint,
    Name: name,
    Options: orNull(options),
    Scope: "local",
  };
}

/** docker has null where there is nothing. */
function orNull(entries: Readonly<Record<string, string>>) {
  return Object.keys(entries).length === 0 ? null : entries;
}
