// `ps`: the processes of a container, as their pids or as the program ps(1) shows them.
import { listProcesses } from "../../../engine/oci/ps.ts";
import { UserError } from "../../../errors.ts";
import { keepLines, runPs } from "../../format/ps-table.ts";
import type { Verb } from "../verb.ts";

/** `ps`. */
export const psVerb: Verb = {
  name: "ps",
  flags: { format: "text" },
  aliases: { f: "format" },
  stopsAtOperand: true,
  operands: [1, Infinity],
  run: async (line, { globals, write }) => {
    const [id = "", ...psArgs] = line.operands;
    const pids = await listProcesses(id, globals);
    const format = line.text("format") || "table";
    // Go's way to say that there are none.
    if (format === "json") write(`${pids.length === 0 ? "null" : JSON.stringify(pids)}\n`);
    else if (format === "table") write(keepLines(await runPs(psArgs), pids));
    else throw new UserError("invalid format option");
    return 0;
  },
};
