// `bunker pull` and `bunker image pull`
import { type Command, makeCommand } from "../command.ts";
import { allFlag, platformFlag, quietFlag } from "../format/format-flags.ts";
import { formatStatus, showOnStdout } from "./progress.ts";
import {
  makeTransferOptions,
  type RegistryDraft,
  startRegistry,
  transferFlags,
} from "./registry-flags.ts";

export const pullCommand: Command = makeCommand<RegistryDraft>({
  name: "pull",
  summary: "Download an image from a registry",
  usage: "[flags] NAME[:TAG|@DIGEST]",
  description:
    "The name may also be docker-archive:, oci-archive:, oci: or dir: and a path, as 'bunker load' has them.",
  examples: [
    { does: "The latest from Docker Hub", line: "bunker pull alpine" },
    {
      does: "From a registry without TLS",
      line: "bunker pull --tls-verify=false 10.0.0.5:5000/app:1",
    },
    { does: "From a folder that skopeo wrote", line: "bunker pull oci:./layout:app" },
  ],
  failureCode: 1,
  flags: {
    "all-tags": allFlag("Download all tagged images in the repository"),
    "disable-content-trust": {
      type: "bool",
      group: "Flags",
      hidden: true,
      help: "Skip image verification",
      set: () => undefined,
    },
    platform: platformFlag("Set platform if server is multi-platform capable"),
    quiet: quietFlag("Suppress verbose output"),
    ...transferFlags,
  },
  operands: { min: 1, max: 1 },
  interspersed: true,
  start: startRegistry,
  run: async (draft, [name = ""], context) => {
    const { canonicalName, pullFromTransport, pullImages, shortName } =
      await context.engine.images();
    const loaded = await pullFromTransport(name);
    if (loaded !== undefined) {
      for (const { id, names } of loaded) context.write(`${names.join("\n") || id}\n`);
      return 0;
    }
    const options = makeTransferOptions(draft);
    // Order: what is no name is refused before anything is said of it.
    await canonicalName(name);
    if (!draft.quiet && !draft.all && !/[:@]/.test(name.slice(name.lastIndexOf("/") + 1))) {
      context.write("Using default tag: latest\n");
    }
    const progress = draft.quiet ? {} : { progress: showOnStdout(context, "pull") };
    for (const pulled of await pullImages(name, { ...options, ...progress })) {
      if (!draft.quiet) {
        const status = formatStatus(await shortName(pulled.name), pulled.isNew);
        context.write(`Digest: ${pulled.top.digest}\nStatus: ${status}\n`);
      }
      context.write(`${pulled.name}\n`);
    }
    return 0;
  },
});
