// `bunker system prune`
import { type Command, makeCommand } from "../command.ts";
import { askToContinue } from "../format/ask.ts";
import { filterFlag, requireKeys } from "../format/filter.ts";
import { allFlag, forceFlag } from "../format/format-flags.ts";
import { formatBytes } from "../format/units.ts";
import { formatRemoval } from "../images/prune.ts";

interface Draft {
  all: boolean;
  force: boolean;
  volumes: boolean;
  readonly filters: Map<string, string[]>;
}

export const systemPruneCommand: Command = makeCommand<Draft>({
  name: "system prune",
  summary: "Remove unused data",
  usage: "[flags]",
  examples: [
    { does: "Everything that is not in use", line: "bunker system prune --all --volumes" },
  ],
  failureCode: 1,
  flags: {
    all: allFlag("Remove all unused images not just dangling ones"),
    filter: filterFlag("label=<key>=<value>"),
    force: forceFlag("Do not prompt for confirmation"),
    volumes: {
      type: "bool",
      group: "Flags",
      help: "Prune anonymous volumes",
      set: (draft, value) => {
        draft.volumes = value;
      },
    },
  },
  operands: { min: 0, max: 0 },
  interspersed: true,
  start: () => ({ all: false, force: false, volumes: false, filters: new Map() }),
  run: async (draft, _operands, context) => {
    requireKeys(draft.filters, ["label", "label!", "until"]);
    if (!draft.force && !askToContinue(makeWarning(draft), context)) return 0;
    const pruned = await (await context.engine.system()).pruneSystem(draft);
    const { containers, networks, images, volumes } = pruned;
    if (containers.length > 0) {
      context.write(`Deleted Containers:\n${containers.join("\n")}\n\n`);
    }
    if (networks.length > 0) context.write(`Deleted Networks:\n${networks.join("\n")}\n\n`);
    if (volumes.deleted.length > 0) {
      context.write(`Deleted Volumes:\n${volumes.deleted.join("\n")}\n\n`);
    }
    context.write(formatRemoval(images));
    const bytes = images.reclaimedBytes + volumes.reclaimedBytes;
    context.write(`Total reclaimed space: ${formatBytes(bytes)}\n`);
    return 0;
  },
});

/** docker's words, without the build cache that is not there yet. */
function makeWarning({ all, volumes }: Draft): string {
  const lines = [
    "all stopped containers",
    "all networks not used by at least one container",
    ...(volumes ? ["all anonymous volumes not used by at least one container"] : []),
    all ? "all images without at least one container associated to them" : "all dangling images",
  ];
  return `WARNING! This will remove:\n${lines.map((line) => `  - ${line}\n`).join("")}\n`;
}
