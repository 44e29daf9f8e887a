// `bunker image inspect`
import { type Command, makeCommand } from "../command.ts";
import { inspectFormatFlag } from "../format/format-flags.ts";
import { printInspection } from "../format/inspect.ts";
import { toValue } from "../format/template/values.ts";

interface Draft {
  format: string | undefined;
}

export const imageInspectCommand: Command = makeCommand<Draft>({
  name: "image inspect",
  summary: "Display detailed information on one or more images",
  usage: "[flags] IMAGE [IMAGE...]",
  failureCode: 1,
  flags: { format: inspectFormatFlag },
  operands: { min: 1 },
  interspersed: true,
  start: () => ({ format: undefined }),
  run: async ({ format }, names, context) => {
    const { found, missing } = (await context.engine.images()).inspectImages(names);
    const messages = missing.map((name) => `No such image: ${name}`);
    const values = found.map((image) => toValue(image));
    return printInspection({ found: values, missing: messages }, format, context);
  },
});
