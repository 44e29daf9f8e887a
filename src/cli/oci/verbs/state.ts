// `state`: prints what the specification's state and runc's additions to it say.
import { readState } from "../../../engine/oci/state.ts";
import type { Verb } from "../verb.ts";

/** `state`. */
export const stateVerb: Verb = {
  name: "state",
  flags: {},
  operands: [1, 1],
  run: async (line, { globals, write }) => {
    const state = await readState(line.operands[0] ?? "", globals);
    // No newline at its end, as runc has it.
    write(JSON.stringify(state, undefined, 2));
    return 0;
  },
};
