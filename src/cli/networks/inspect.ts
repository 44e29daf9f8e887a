// `bunker network inspect`
import { makeCommand } from "../command.ts";
import { inspectFormatFlag } from "../format/format-flags.ts";
import { printInspection } from "../format/inspect.ts";
import { describeNetwork } from "./describe.ts";

export const networkInspectCommand = makeCommand<{ format: string | undefined }>({
  name: "network inspect",
  summary: "Display detailed information on one or more networks",
  usage: "[flags] NETWORK [NETWORK...]",
  examples: [
    { does: "Who is in it", line: "bunker network inspect --format '{{json .Containers}}' app" },
  ],
  failureCode: 1,
  flags: {
    format: inspectFormatFlag,
    verbose: {
      type: "bool",
      short: "v",
      group: "Flags",
      help: "Verbose output for diagnostics",
      set: () => {},
    },
  },
  operands: { min: 1 },
  interspersed: true,
  start: () => ({ format: undefined }),
  run: async ({ format }, names, context) => {
    const { found, missing } = (await context.engine.networks()).inspectNetworks(names);
    const messages = missing.map((name) => `network ${name} not found`);
    return printInspection(
      { found: found.map(describeNetwork), missing: messages },
      format,
      context,
    );
  },
});
