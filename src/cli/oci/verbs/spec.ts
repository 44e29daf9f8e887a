// `spec`.
import { writeDefaultSpec } from "../../../engine/oci/spec.ts";
import { absolutePath } from "../paths.ts";
import type { Verb } from "../verb.ts";

/** `spec`. */
export const specVerb: Verb = {
  name: "spec",
  flags: { bundle: "text", rootless: "bool" },
  aliases: { b: "bundle" },
  operands: [0, 0],
  run: async (line) => {
    writeDefaultSpec(absolutePath(line.text("bundle")), line.bool("rootless"));
    return 0;
  },
};
