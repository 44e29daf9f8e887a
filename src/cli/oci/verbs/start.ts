// `start`.
import { startContainer } from "../../../engine/oci/start.ts";
import type { Verb } from "../verb.ts";

/** `start`. */
export const startVerb: Verb = {
  name: "start",
  flags: {},
  operands: [1, 1],
  run: async (line, { globals }) => {
    await startContainer(line.operands[0] ?? "", globals);
    return 0;
  },
};
