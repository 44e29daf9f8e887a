// `create`.
import { createContainer } from "../../../engine/oci/create.ts";
import { CREATE_FLAGS, createOptions } from "../create-flags.ts";
import type { Verb } from "../verb.ts";

/** `create`. */
export const createVerb: Verb = {
  name: "create",
  flags: CREATE_FLAGS,
  aliases: { b: "bundle", f: "config" },
  operands: [1, 1],
  failure: "create failed",
  run: async (line, { globals }) => {
    await createContainer(createOptions(line), globals);
    return 0;
  },
};
