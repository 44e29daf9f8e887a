// `features`.
import manifest from "../../../../package.json" with { type: "json" };
import { listFeatures } from "../../../engine/oci/features.ts";
import type { Verb } from "../verb.ts";

/** `features`. */
export const featuresVerb: Verb = {
  name: "features",
  flags: {},
  operands: [0, 0],
  run: async (_line, { write }) => {
    write(`${JSON.stringify(listFeatures(manifest.version), undefined, 4)}\n`);
    return 0;
  },
};
