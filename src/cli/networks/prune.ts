// `bunker network prune`
import { makeCommand } from "../command.ts";
import { askToContinue } from "../format/ask.ts";
import { filterFlag, requireKeys } from "../format/filter.ts";
import { forceFlag } from "../format/format-flags.ts";

interface Draft {
  force: boolean;
  readonly filters: Map<string, string[]>;
}

export const networkPruneCommand = makeCommand<Draft>({
  name: "network prune",
  summary: "Remove all unused networks",
  usage: "[flags]",
  examples: [{ does: "Without being asked", line: "bunker network prune --force" }],
  failureCode: 1,
  flags: {
    filter: filterFlag("until=<timestamp>"),
    force: forceFlag("Do not prompt for confirmation"),
  },
  operands: { min: 0, max: 0 },
  interspersed: true,
  start: () => ({ force: false, filters: new Map() }),
  run: async ({ force, filters }, _operands, context) => {
    requireKeys(filters, ["label", "label!", "until"]);
    const warning =
      "WARNING! This will remove all custom networks not used by at least one container.\n";
    if (!force && !askToContinue(warning, context)) return 0;
    const deleted = (await context.engine.networks()).pruneNetworks(filters);
    if (deleted.length > 0) context.write(`Deleted Networks:\n${deleted.join("\n")}\n\n`);
    return 0;
  },
});
