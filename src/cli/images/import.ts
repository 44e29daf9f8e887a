// `bunker import` and `bunker image import`
import { type Command, makeCommand } from "../command.ts";
import { platformFlag } from "../format/format-flags.ts";
import { changeFlag, messageFlag } from "./change-flags.ts";

interface Draft {
  message: string;
  platform: string | undefined;
  readonly changes: string[];
}

export const importCommand: Command = makeCommand<Draft>({
  name: "import",
  summary: "Import the contents from a tarball to create a filesystem image",
  usage: "[flags] file|URL|- [REPOSITORY[:TAG]]",
  examples: [
    {
      does: "A folder as an image",
      line: "tar -C debian -c . | bunker import --change 'CMD [\"/bin/bash\"]' - debian:mine",
    },
  ],
  failureCode: 1,
  flags: {
    change: changeFlag,
    message: messageFlag("Set commit message for imported image"),
    platform: platformFlag("Set platform if server is multi-platform capable"),
  },
  // As docker has it: what follows the name is not looked at.
  operands: { min: 1 },
  interspersed: true,
  start: () => ({ message: "", platform: undefined, changes: [] }),
  run: async ({ message, platform, changes }, [source = "", name], context) => {
    const { importImage } = await context.engine.images();
    const id = await importImage({
      source,
      message,
      changes,
      ...(name !== undefined && { name }),
      ...(platform !== undefined && { platform }),
    });
    context.write(`${id}\n`);
    return 0;
  },
});
