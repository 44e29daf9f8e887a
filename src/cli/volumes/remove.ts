// `bunker volume rm`
import { makeCommand } from "../command.ts";
import { forEachOperand } from "../each.ts";
import { forceFlag } from "../format/format-flags.ts";

export const volumeRemoveCommand = makeCommand<{ force: boolean }>({
  name: "volume rm",
  summary: "Remove one or more volumes",
  usage: "[flags] VOLUME [VOLUME...]",
  description: "You cannot remove a volume that is in use by a container.",
  examples: [{ does: "Two of them", line: "bunker volume rm data cache" }],
  failureCode: 1,
  flags: { force: forceFlag("Do not fail for volumes that are not there") },
  operands: { min: 1 },
  interspersed: true,
  start: () => ({ force: false }),
  run: async ({ force }, names, context) => {
    const volumes = await context.engine.volumes();
    return forEachOperand(names, context, (name) => {
      const isThere = volumes.inspectVolumes([name]).missing.length === 0;
      if (isThere || !force) volumes.removeVolume(name);
      context.write(`${name}\n`);
    });
  },
});
