// `bunker rmi` and `bunker image rm`
import type { RemovalStep } from "../../engine/images/remove-image.ts";
import { type Command, makeCommand } from "../command.ts";
import { forEachOperand } from "../each.ts";
import { forceFlag } from "../format/format-flags.ts";

interface Draft {
  force: boolean;
}

export const rmiCommand: Command = makeCommand<Draft>({
  name: "rmi",
  summary: "Remove one or more images",
  usage: "[flags] IMAGE [IMAGE...]",
  examples: [
    { does: "A name, and with the last one the image", line: "bunker rmi debian:mine" },
    { does: "All that nobody uses", line: "bunker image prune --all" },
  ],
  refused: { platform: "an image goes with all that it has for other machines" },
  failureCode: 1,
  flags: {
    force: forceFlag("Force removal of the image"),
    "no-prune": {
      type: "bool",
      group: "Flags",
      help: "Do not delete untagged parents (there are none)",
      set: () => undefined,
    },
  },
  operands: { min: 1 },
  interspersed: true,
  start: () => ({ force: false }),
  run: async ({ force }, names, context) => {
    const { findImageId, removeImage } = await context.engine.images();
    let isAllMissing = true;
    const exitCode = await forEachOperand(names, context, async (name) => {
      const isThere = (await findImageId(name)) !== undefined;
      if (isThere || !force) isAllMissing = false;
      const { steps } = await removeImage(name, force);
      for (const step of steps) context.write(`${describeStep(step)}\n`);
    });
    return force && isAllMissing ? 0 : exitCode;
  },
});

function describeStep({ kind, what }: RemovalStep): string {
  return `${kind === "untagged" ? "Untagged" : "Deleted"}: ${what}`;
}
