// The device rules that every container has besides the spec's: nodes may be made, and the default
// devices used. runtime-spec, config-linux, default devices.

import type { DeviceRule, Resources } from "../oci/spec-resources.ts";

function allow(major: number | undefined, minor: number | undefined, access: string): DeviceRule {
  return {
    allow: true,
    type: "c",
    access,
    ...(major === undefined ? {} : { major }),
    ...(minor === undefined ? {} : { minor }),
  };
}

/** The resources with the default rules behind the spec's own: the later rule wins. */
export function withDefaultDevices(resources: Resources): Resources {
  return {
    ...resources,
    devices: [
      ...(resources.devices ?? []),
      // A node may be made of any device: using it is another matter.
      allow(undefined, undefined, "m"),
      { ...allow(undefined, undefined, "m"), type: "b" },
      allow(1, 3, "rwm"),
      allow(1, 5, "rwm"),
      allow(1, 7, "rwm"),
      allow(5, 0, "rwm"),
      allow(5, 1, "rwm"),
      allow(1, 8, "rwm"),
      allow(1, 9, "rwm"),
      // /dev/pts/*, and the container's own /dev/ptmx
      allow(136, undefined, "rwm"),
      allow(5, 2, "rwm"),
    ],
  };
}
