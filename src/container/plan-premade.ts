// File systems that are in the host's reach and need not be in the container's, such as those of a file
// server: the agent makes them before it enters any namespace, and the init process attaches them. Pure.
// Kernel: a network file system speaks in the network namespace of who has made it. fsopen(2)

import { type Call, Slot, type Step } from "../../ffi/call.ts";
import { parseMountOptions } from "../../fs/mount-options.ts";
import { planMaking } from "../../fs/mount-plan.ts";
import type { Mount } from "../oci/spec.ts";

export interface Premade {
  /** What the agent does first. */
  readonly steps: readonly Step[];
  /** By destination. */
  readonly mounts: ReadonlyMap<string, Slot>;
}

/** @param mounts those of the spec that are to be made so */
export function planPremade(mounts: readonly Mount[]): Premade {
  const slots = new Map<string, Slot>();
  const steps = mounts.map(({ destination, type = "", source = "", options = [] }): Step => {
    const mount = new Slot(`${type} of ${source}`);
    slots.set(destination, mount);
    const calls: Call[] = planMaking(
      { type, source, destination },
      parseMountOptions(options),
      mount,
    );
    return { why: `the file system of a volume, ${source}, as the host reaches it`, calls };
  });
  return { steps, mounts: slots };
}
