// `bunker image prune`
import type { Removal } from "../../engine/images/remove-image.ts";
import { type Command, makeCommand } from "../command.ts";
import { askToContinue } from "../format/ask.ts";
import { filterFlag, requireKeys } from "../format/filter.ts";
import { allFlag, forceFlag } from "../format/format-flags.ts";
import { formatBytes } from "../format/units.ts";

interface Draft {
  all: boolean;
  force: boolean;
  readonly filters: Map<string, string[]>;
}

export const imagePruneCommand: Command = makeCommand<Draft>({
  name: "image prune",
  summary: "Remove unused images",
  usage: "[flags]",
  examples: [
    { does: "All that no container uses", line: "bunker image prune --all" },
    { does: "Those older than ten days", line: "bunker image prune --all --filter until=240h" },
  ],
  failureCode: 1,
  flags: {
    all: allFlag("Remove all unused images, not just dangling ones"),
    filter: filterFlag("until=<timestamp>"),
    force: forceFlag("Do not prompt for confirmation"),
  },
  operands: { min: 0, max: 0 },
  interspersed: true,
  start: () => ({ all: false, force: false, filters: new Map() }),
  run: async ({ all, force, filters }, _operands, context) => {
    requireKeys(filters, ["label", "label!", "until", "dangling"]);
    const which = all
      ? "images without at least one container associated to them"
      : "dangling images";
    if (!force && !askToContinue(`WARNING! This will remove all ${which}.\n`, context)) return 0;
    const isAll = all || filters.get("dangling")?.includes("false") === true;
    const removal = await (await context.engine.images()).pruneImages(isAll, filters);
    context.write(formatRemoval(removal));
    context.write(`Total reclaimed space: ${formatBytes(removal.reclaimedBytes)}\n`);
    return 0;
  },
});

/** Returns docker's list of what a prune has taken away; nothing where that was nothing. */
export function formatRemoval({ steps }: Removal): string {
  if (steps.length === 0) return "";
  const lines = steps.map(({ kind, what }) => `${kind}: ${what}`);
  return `Deleted Images:\n${lines.join("\n")}\n\n`;
}
