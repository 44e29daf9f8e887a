// `bunker save` and `bunker image save`
import type { SaveFormat } from "../../engine/images/archives.ts";
import { UserError } from "../../errors.ts";
import { type Command, makeCommand } from "../command.ts";
import { platformFlag } from "../format/format-flags.ts";
import { type OutputDraft, outputFlag, refuseTerminal } from "./output-flag.ts";

interface Draft extends OutputDraft {
  format: SaveFormat;
  platform: string | undefined;
}

export const saveCommand: Command = makeCommand<Draft>({
  name: "save",
  summary: "Save one or more images to a tar archive (streamed to STDOUT by default)",
  usage: "[flags] IMAGE [IMAGE...]",
  examples: [
    { does: "Two images in one file", line: "bunker save --output both.tar alpine debian:mine" },
    { does: "To docker", line: "bunker save debian:mine | docker load" },
  ],
  failureCode: 1,
  flags: {
    output: outputFlag,
    format: {
      type: "text",
      group: "Flags",
      fallback: "docker-archive",
      placeholder: "format",
      help: "docker-archive or oci-archive; oci-dir or docker-dir make a folder",
      set: (draft, text) => {
        draft.format = parseFormat(text);
      },
    },
    platform: platformFlag("Save only the given platform variant"),
  },
  operands: { min: 1 },
  interspersed: true,
  start: () => ({ output: undefined, format: "docker-archive", platform: undefined }),
  run: async ({ output, format, platform }, names, context) => {
    refuseTerminal({ output }, context);
    await (await context.engine.images()).saveImages(names, output, format, platform);
    return 0;
  },
});

function parseFormat(text: string): SaveFormat {
  switch (text) {
    case "docker-archive":
    case "oci-archive":
    case "oci-dir":
    case "docker-dir":
      return text;
    default:
      throw new UserError("must be docker-archive, oci-archive, oci-dir or docker-dir");
  }
}
