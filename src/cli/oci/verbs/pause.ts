// `pause`.
import { pauseContainer } from "../../../engine/oci/pause.ts";
import type { Verb } from "../verb.ts";

/** `pause`. */
export const pauseVerb: Verb = {
  name: "pause",
  flags: {},
  operands: [1, 1],
  run: async (line, { globals }) => {
    await pauseContainer(line.operands[0] ?? "", globals);
    return 0;
  },
};
