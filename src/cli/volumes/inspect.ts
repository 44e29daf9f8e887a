// `bunker volume inspect`
import { makeCommand } from "../command.ts";
import { inspectFormatFlag } from "../format/format-flags.ts";
import { printInspection } from "../format/inspect.ts";
import { toValue } from "../format/template/values.ts";
import { describeVolume } from "./describe.ts";

export const volumeInspectCommand = makeCommand<{ format: string | undefined }>({
  name: "volume inspect",
  summary: "Display detailed information on one or more volumes",
  usage: "[flags] VOLUME [VOLUME...]",
  examples: [
    { does: "Where its files are", line: "bunker volume inspect --format '{{.Mountpoint}}' data" },
  ],
  failureCode: 1,
  flags: { format: inspectFormatFlag },
  operands: { min: 1 },
  interspersed: true,
  start: () => ({ format: undefined }),
  run: async ({ format }, names, context) => {
    const { found, missing } = (await context.engine.volumes()).inspectVolumes(names);
    const volumes = found.map(describeVolume);
    const messages = missing.map((name) => `get ${name}: no such volume`);
    return printInspection(
      { found: volumes.map((each) => toValue(each)), missing: messages },
      format,
      context,
    );
  },
});
