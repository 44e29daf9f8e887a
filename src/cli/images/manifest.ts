// `bunker manifest inspect`
import { type Command, makeCommand } from "../command.ts";
import { makeGroup } from "../group.ts";
import {
  makeTransferOptions,
  type RegistryDraft,
  startRegistry,
  transferFlags,
} from "./registry-flags.ts";

interface Draft extends RegistryDraft {
  verbose: boolean;
}

const manifestInspectCommand: Command = makeCommand<Draft>({
  name: "manifest inspect",
  summary: "Display an image manifest, or manifest list",
  usage: "[flags] MANIFEST",
  examples: [{ does: "For which machines an image is", line: "bunker manifest inspect alpine" }],
  failureCode: 1,
  flags: {
    insecure: {
      type: "bool",
      group: "Flags",
      help: "Allow communication with an insecure registry",
      set: (draft, value) => {
        draft.tlsVerify = !value;
      },
    },
    verbose: {
      type: "bool",
      short: "v",
      group: "Flags",
      help: "Output its digest, size and media type as well",
      set: (draft, value) => {
        draft.verbose = value;
      },
    },
    ...transferFlags,
  },
  operands: { min: 1, max: 1 },
  interspersed: true,
  start: () => ({ ...startRegistry(), verbose: false }),
  run: async (draft, [name = ""], context) => {
    const { inspectManifest } = await context.engine.images();
    const found = await inspectManifest(name, makeTransferOptions(draft));
    const { document, reference, mediaType, digest, size, raw } = found;
    const key = MANIFEST_KEYS[mediaType] ?? "Manifest";
    const Descriptor = { mediaType, digest, size };
    const shown = draft.verbose
      ? { Ref: reference, Descriptor, Raw: raw, [key]: document }
      : document;
    context.write(`${JSON.stringify(shown, undefined, "\t")}\n`);
    return 0;
  },
});

/** What docker calls them. */
const MANIFEST_KEYS: Readonly<Record<string, string>> = {
  "application/vnd.docker.distribution.manifest.v2+json": "SchemaV2Manifest",
  "application/vnd.oci.image.manifest.v1+json": "OCIManifest",
};

/** `bunker manifest`. */
export const manifestCommand = makeGroup("manifest", "Inspect image manifests and manifest lists", [
  {
    name: "inspect",
    summary: "Display an image manifest, or manifest list",
    load: async () => manifestInspectCommand,
  },
]);
