// `bunker import` and `bunker image import`
import { type Command, type CommandDefinition, makeCommand } from "../command.ts";
import { changeFlag, messageFlag } from "./change-flags.ts";

interface Draft {
  message: string;
  platform: string | undefined;
  readonly changes: string[];
}

const definition: CommandDefinition<Draft> = {
  name: "import",
  summary: "Import the contents from a tarball to create a filesystem image",
  usage: "[flags] file|URL|- [REPOSITORY[:TAG]]",
  failureCode: 1,
  flags: {
    change: changeFlag,
    message: messageFlag("Set commit message for imported image"),
    platform: {
      type: "text",
      ignoresEmpty: true,
      group: "Flags",
      placeholder: "OS/ARCH",
      help: "Set platform if server is multi-platform capable",
      set: (draft, text) => {
        draft.platform = text;
      },
    },
  },
  operands: { min: 1, max: 2 },
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
};

export const importCommand: Command = makeCommand(definition);
export const imageImportCommand: Command = makeCommand({ ...definition, name: "image import" });
