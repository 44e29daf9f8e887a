// `bunker volume prune`
import { makeCommand } from "../command.ts";
import { askToContinue } from "../format/ask.ts";
import { filterFlag, requireKeys } from "../format/filter.ts";
import { allFlag, forceFlag } from "../format/format-flags.ts";
import { formatBytes } from "../format/units.ts";

interface Draft {
  all: boolean;
  force: boolean;
  readonly filters: Map<string, string[]>;
}

export const volumePruneCommand = makeCommand<Draft>({
  name: "volume prune",
  summary: "Remove unused local volumes",
  usage: "[flags]",
  examples: [{ does: "Those with a name as well", line: "bunker volume prune --all" }],
  failureCode: 1,
  flags: {
    all: allFlag("Remove all unused volumes, not just anonymous ones"),
    filter: filterFlag("label=<label>"),
    force: forceFlag("Do not prompt for confirmation"),
  },
  operands: { min: 0, max: 0 },
  interspersed: true,
  start: () => ({ all: false, force: false, filters: new Map() }),
  run: async ({ all, force, filters }, _operands, context) => {
    requireKeys(filters, ["label", "label!", "all"]);
    const kinds = all ? "local volumes" : "anonymous local volumes";
    const warning = `WARNING! This will remove ${kinds} not used by at least one container.\n`;
    if (!force && !askToContinue(warning, context)) return 0;
    const isAll = all || filters.get("all")?.some((value) => value === "true" || value === "1");
    const pruned = (await context.engine.volumes()).pruneVolumes(filters, isAll === true);
    if (pruned.deleted.length > 0) {
      context.write(`Deleted Volumes:\n${pruned.deleted.join("\n")}\n\n`);
    }
    context.write(`Total reclaimed space: ${formatBytes(pruned.reclaimedBytes)}\n`);
    return 0;
  },
});
