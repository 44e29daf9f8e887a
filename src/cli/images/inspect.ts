// `bunker image inspect`
import { type Command, makeCommand } from "../command.ts";
import { inspectFormatFlag, platformFlag } from "../format/format-flags.ts";
import { printInspection } from "../format/inspect.ts";
import { toValue } from "../format/template/values.ts";

interface Draft {
  format: string | undefined;
  platform: string | undefined;
}

export const imageInspectCommand: Command = makeCommand<Draft>({
  name: "image inspect",
  summary: "Display detailed information on one or more images",
  usage: "[flags] IMAGE [IMAGE...]",
  examples: [
    { does: "What it runs", line: "bunker image inspect --format '{{.Config.Cmd}}' debian:mine" },
  ],
  failureCode: 1,
  flags: {
    format: inspectFormatFlag,
    platform: platformFlag("Inspect a specific platform of the multi-platform image"),
  },
  operands: { min: 1 },
  interspersed: true,
  start: () => ({ format: undefined, platform: undefined }),
  run: async ({ format, platform }, names, context) => {
    const { found, missing } = await (await context.engine.images()).inspectImages(names, platform);
    const messages = missing.map((name) => `No such image: ${name}`);
    const values = found.map((image) => toValue(image));
    return printInspection({ found: values, missing: messages }, format, context);
  },
});
