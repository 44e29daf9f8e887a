// `delete`.
import { deleteMatching, deleteNamed } from "../../../engine/oci/delete.ts";
import type { Verb } from "../verb.ts";

/** `delete`. */
export const deleteVerb: Verb = {
  name: "delete",
  flags: { force: "bool", regex: "bool" },
  aliases: { f: "force" },
  operands: [1, 1],
  run: async (line, { globals }) => {
    const options = { id: line.operands[0] ?? "", force: line.bool("force") };
    if (line.bool("regex")) await deleteMatching(options, globals);
    else await deleteNamed(options, globals);
    return 0;
  },
};
