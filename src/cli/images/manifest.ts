// `bunker manifest …`: what a registry has, and images for several machines under one name.
import { type Command, makeCommand } from "../command.ts";
import { forEachOperand } from "../each.ts";
import type { Flag } from "../flag.ts";
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

const insecureFlag: Flag<RegistryDraft> = {
  type: "bool",
  group: "Flags",
  help: "Allow communication with an insecure registry",
  set: (draft, value) => {
    draft.tlsVerify = !value;
  },
};

const manifestInspectCommand: Command = makeCommand<Draft>({
  name: "manifest inspect",
  summary: "Display an image manifest, or manifest list",
  usage: "[flags] [MANIFEST_LIST] MANIFEST",
  examples: [{ does: "For which machines an image is", line: "bunker manifest inspect alpine" }],
  failureCode: 1,
  flags: {
    insecure: insecureFlag,
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
  operands: { min: 1, max: 2 },
  interspersed: true,
  start: () => ({ ...startRegistry(), verbose: false }),
  run: async (draft, names, context) => {
    const { inspectManifest, readManifestList } = await context.engine.images();
    const name = names.at(-1) ?? "";
    const list = names.length === 1 ? await readManifestList(name) : undefined;
    if (list !== undefined) {
      context.write(`${JSON.stringify(list, undefined, "\t")}\n`);
      return 0;
    }
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

const manifestCreateCommand: Command = makeCommand<RegistryDraft & { amends: boolean }>({
  name: "manifest create",
  summary: "Create a local manifest list for annotating and pushing to a registry",
  usage: "[flags] MANIFEST_LIST MANIFEST [MANIFEST...]",
  description:
    "The images are those that registries have. The list is kept here until it is pushed or removed.",
  examples: [
    {
      does: "One name for two machines",
      line: "bunker manifest create team/app:1 team/app:1-amd64 team/app:1-arm64",
    },
  ],
  failureCode: 1,
  flags: {
    amend: {
      type: "bool",
      short: "a",
      group: "Flags",
      help: "Amend an existing manifest list",
      set: (draft, value) => {
        draft.amends = value;
      },
    },
    insecure: insecureFlag,
    ...transferFlags,
  },
  operands: { min: 2 },
  interspersed: true,
  start: () => ({ ...startRegistry(), amends: false }),
  run: async (draft, [list = "", ...images], context) => {
    const { createManifestList } = await context.engine.images();
    const options = makeTransferOptions(draft);
    const name = await createManifestList(list, images, draft.amends, options);
    context.write(`Created manifest list ${name}\n`);
    return 0;
  },
});

interface AnnotateDraft {
  readonly platform: {
    os?: string;
    architecture?: string;
    variant?: string;
    "os.version"?: string;
    "os.features"?: string[];
  };
}

const setting = (
  key: "os" | "architecture" | "variant" | "os.version",
  help: string,
): Flag<AnnotateDraft> => ({
  type: "text",
  ignoresEmpty: true,
  group: "Flags",
  help,
  set: ({ platform }, text) => {
    platform[key] = text;
  },
});

const manifestAnnotateCommand: Command = makeCommand<AnnotateDraft>({
  name: "manifest annotate",
  summary: "Add additional information to a local image manifest",
  usage: "[flags] MANIFEST_LIST MANIFEST",
  examples: [
    {
      does: "An image that does not say which ARM it is for",
      line: "bunker manifest annotate --variant v7 team/app:1 team/app:1-arm",
    },
  ],
  failureCode: 1,
  flags: {
    arch: setting("architecture", "Set architecture"),
    os: setting("os", "Set operating system"),
    "os-features": {
      type: "list",
      group: "Flags",
      help: "Set operating system feature",
      set: ({ platform }, text) => {
        (platform["os.features"] ??= []).push(...text.split(","));
      },
    },
    "os-version": setting("os.version", "Set operating system version"),
    variant: setting("variant", "Set architecture variant"),
  },
  operands: { min: 2, max: 2 },
  interspersed: true,
  start: () => ({ platform: {} }),
  run: async ({ platform }, [list = "", image = ""], context) => {
    await (await context.engine.images()).annotateManifest(list, image, platform);
    return 0;
  },
});

const manifestPushCommand: Command = makeCommand<RegistryDraft & { purges: boolean }>({
  name: "manifest push",
  summary: "Push a manifest list to a repository",
  usage: "[flags] MANIFEST_LIST",
  examples: [
    { does: "And forget it here", line: "bunker manifest push --purge registry.example.com/app:1" },
  ],
  failureCode: 1,
  flags: {
    insecure: insecureFlag,
    purge: {
      type: "bool",
      short: "p",
      group: "Flags",
      help: "Remove the local manifest list after push",
      set: (draft, value) => {
        draft.purges = value;
      },
    },
    ...transferFlags,
  },
  operands: { min: 1, max: 1 },
  interspersed: true,
  start: () => ({ ...startRegistry(), purges: false }),
  run: async (draft, [list = ""], context) => {
    const { pushManifestList } = await context.engine.images();
    const pushed = await pushManifestList(list, draft.purges, makeTransferOptions(draft));
    for (const { name, digest } of pushed.images) {
      context.write(`Pushed ref ${name} with digest: ${digest}\n`);
    }
    context.write(`${pushed.digest}\n`);
    return 0;
  },
});

const manifestRemoveCommand: Command = makeCommand<undefined>({
  name: "manifest rm",
  summary: "Delete one or more manifest lists from local storage",
  usage: "MANIFEST_LIST [MANIFEST_LIST...]",
  examples: [{ does: "What the registry has stays", line: "bunker manifest rm team/app:1" }],
  failureCode: 1,
  flags: {},
  operands: { min: 1 },
  interspersed: true,
  start: () => undefined,
  run: async (_draft, lists, context) => {
    const { removeManifestList } = await context.engine.images();
    return forEachOperand(lists, context, (list) => removeManifestList(list));
  },
});

/** `bunker manifest`. */
export const manifestCommand = makeGroup("manifest", "Manage image manifests and manifest lists", [
  {
    name: "annotate",
    summary: "Add additional information to a local image manifest",
    load: async () => manifestAnnotateCommand,
  },
  {
    name: "create",
    summary: "Create a local manifest list for annotating and pushing to a registry",
    load: async () => manifestCreateCommand,
  },
  {
    name: "inspect",
    summary: "Display an image manifest, or manifest list",
    load: async () => manifestInspectCommand,
  },
  {
    name: "push",
    summary: "Push a manifest list to a repository",
    load: async () => manifestPushCommand,
  },
  {
    name: "rm",
    summary: "Delete one or more manifest lists from local storage",
    load: async () => manifestRemoveCommand,
  },
]);
