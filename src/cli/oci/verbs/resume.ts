// `resume`.
import { resumeContainer } from "../../../engine/oci/resume.ts";
import type { Verb } from "../verb.ts";

/** `resume`. */
export const resumeVerb: Verb = {
  name: "resume",
  flags: {},
  operands: [1, 1],
  run: async (line, { globals }) => {
    await resumeContainer(line.operands[0] ?? "", globals);
    return 0;
  },
};
