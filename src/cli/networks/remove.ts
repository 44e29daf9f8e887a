// `bunker network rm`
import { makeCommand } from "../command.ts";
import { forEachOperand } from "../each.ts";
import { forceFlag } from "../format/format-flags.ts";

export const networkRemoveCommand = makeCommand<{ force: boolean }>({
  name: "network rm",
  summary: "Remove one or more networks",
  usage: "[flags] NETWORK [NETWORK...]",
  examples: [{ does: "One that no container is in", line: "bunker network rm app" }],
  failureCode: 1,
  flags: { force: forceFlag("Do not error if the network does not exist") },
  operands: { min: 1 },
  interspersed: true,
  start: () => ({ force: false }),
  run: async ({ force }, names, context) => {
    const networks = await context.engine.networks();
    return forEachOperand(names, context, (name) => {
      const isThere = networks.inspectNetworks([name]).missing.length === 0;
      if (!isThere && force) return;
      networks.removeNetwork(name);
      context.write(`${name}\n`);
    });
  },
});
