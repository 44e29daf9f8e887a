// `bunker container prune`
import { makeCommand } from "../command.ts";
import { askToContinue } from "../format/ask.ts";
import { filterFlag, requireKeys } from "../format/filter.ts";
import { forceFlag } from "../format/format-flags.ts";
import { formatBytes } from "../format/units.ts";

interface Draft {
  force: boolean;
  readonly filters: Map<string, string[]>;
}

export const containerPruneCommand = makeCommand<Draft>({
  name: "container prune",
  summary: "Remove all stopped containers",
  usage: "[flags]",
  examples: [
    { does: "Those that ended a day ago", line: "bunker container prune --filter until=24h" },
  ],
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
    const warning = "WARNING! This will remove all stopped containers.\n";
    if (!force && !askToContinue(warning, context)) return 0;
    const pruned = await (await context.engine.containers()).pruneContainers(filters);
    if (pruned.deleted.length > 0) {
      context.write(`Deleted Containers:\n${pruned.deleted.join("\n")}\n\n`);
    }
    context.write(`Total reclaimed space: ${formatBytes(pruned.reclaimedBytes)}\n`);
    return 0;
  },
});
