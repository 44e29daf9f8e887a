// `bunker load` and `bunker image load`
import { UserError } from "../../errors.ts";
import { type Command, makeCommand } from "../command.ts";
import { platformFlag, quietFlag } from "../format/format-flags.ts";

interface Draft {
  input: string | undefined;
  platform: string | undefined;
  quiet: boolean;
}

export const loadCommand: Command = makeCommand<Draft>({
  name: "load",
  summary: "Load an image from a tar archive or STDIN",
  usage: "[flags]",
  description:
    "The archive may be docker's or OCI's, plain or compressed with gzip or zstd. The input may " +
    "also be a folder with an OCI layout, or docker-archive:, oci-archive:, oci: or dir: and a path.",
  examples: [
    { does: "From a file", line: "bunker load --input debian.tar" },
    { does: "From docker", line: "docker save alpine | bunker load" },
  ],
  failureCode: 1,
  flags: {
    input: {
      type: "text",
      short: "i",
      group: "Flags",
      help: "Read from tar archive file, instead of STDIN",
      set: (draft, text) => {
        draft.input = text;
      },
    },
    platform: platformFlag("Load only the given platform variant"),
    quiet: quietFlag("Suppress the progress, of which nothing is shown"),
  },
  operands: { min: 0, max: 0 },
  interspersed: true,
  start: () => ({ input: undefined, platform: undefined, quiet: false }),
  run: async ({ input, platform }, _operands, context) => {
    if (input === undefined && context.isTerminal(0)) {
      throw new UserError("requested load from stdin, but stdin is empty", "give a file with -i");
    }
    const { loadImages } = await context.engine.images();
    for (const { id, names } of await loadImages(input || undefined, platform)) {
      for (const name of names) context.write(`Loaded image: ${name}\n`);
      if (names.length === 0) context.write(`Loaded image ID: ${id}\n`);
    }
    return 0;
  },
});
