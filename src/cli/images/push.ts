// `bunker push` and `bunker image push`
import { type Command, makeCommand } from "../command.ts";
import { allFlag, platformFlag, quietFlag } from "../format/format-flags.ts";
import { showOnStdout } from "./progress.ts";
import {
  makeTransferOptions,
  type RegistryDraft,
  startRegistry,
  transferFlags,
} from "./registry-flags.ts";

export const pushCommand: Command = makeCommand<RegistryDraft>({
  name: "push",
  summary: "Upload an image to a registry",
  usage: "[flags] NAME[:TAG] [DESTINATION]",
  description:
    "The destination is another name, or docker-archive:, oci-archive:, oci: or dir: and a path.",
  examples: [
    { does: "An image under its own name", line: "bunker push registry.example.com/team/app:1" },
    { does: "As an archive", line: "bunker push debian:mine oci-archive:debian.tar" },
  ],
  failureCode: 1,
  flags: {
    "all-tags": allFlag("Push all tags of an image to the repository"),
    "disable-content-trust": {
      type: "bool",
      group: "Flags",
      hidden: true,
      help: "Skip image signing",
      set: () => undefined,
    },
    platform: platformFlag(
      "Push a platform-specific manifest as a single-platform image to the registry",
    ),
    quiet: quietFlag("Suppress verbose output"),
    ...transferFlags,
  },
  operands: { min: 1, max: 2 },
  interspersed: true,
  start: startRegistry,
  run: async (draft, [source = "", destination], context) => {
    const { pushImages, pushToTransport, canonicalName } = await context.engine.images();
    if (destination !== undefined && (await pushToTransport(source, destination))) return 0;
    const name = destination ?? source;
    const options = makeTransferOptions(draft);
    const progress = draft.quiet ? {} : { progress: showOnStdout(context, "push") };
    if (!draft.quiet && !draft.all && !/[:@]/.test(name.slice(name.lastIndexOf("/") + 1))) {
      context.write("Using default tag: latest\n");
    }
    await pushImages(source, name, { ...options, ...progress });
    if (draft.quiet) context.write(`${await canonicalName(name)}\n`);
    return 0;
  },
});
