// The flags of the commands that speak to a registry.
import type { TransferOptions } from "../../engine/images/transfer.ts";
import type { FlagTable } from "../flag.ts";

/** What they fill. */
export interface RegistryDraft {
  tlsVerify: boolean | undefined;
  certificateFolder: string | undefined;
  credentials: string | undefined;
  quiet: boolean;
  all: boolean;
  platform: string | undefined;
}

/** Returns a draft without any flag set. */
export function startRegistry(): RegistryDraft {
  return {
    tlsVerify: undefined,
    certificateFolder: undefined,
    credentials: undefined,
    quiet: false,
    all: false,
    platform: undefined,
  };
}

/** How the registry is reached: podman's names, as docker keeps this in its daemon. */
export const registryFlags: FlagTable<RegistryDraft> = {
  "tls-verify": {
    type: "bool",
    group: "Registry",
    fallback: "true",
    help: "Require HTTPS and verify certificates when contacting the registry",
    set: (draft, value) => {
      draft.tlsVerify = value;
    },
  },
  "cert-dir": {
    type: "text",
    ignoresEmpty: true,
    group: "Registry",
    placeholder: "folder",
    help: "Folder with *.crt, *.cert and *.key files for the registry",
    set: (draft, text) => {
      draft.certificateFolder = text;
    },
  },
};

/** `--creds` as well. */
export const transferFlags: FlagTable<RegistryDraft> = {
  ...registryFlags,
  creds: {
    type: "text",
    ignoresEmpty: true,
    group: "Registry",
    placeholder: "USER:PASSWORD",
    help: "Credentials for the registry, in place of those of 'bunker login'",
    set: (draft, text) => {
      draft.credentials = text;
    },
  },
};

/** Returns the engine's options. */
export function makeTransferOptions(draft: RegistryDraft): TransferOptions {
  const { tlsVerify, certificateFolder, credentials, platform } = draft;
  return {
    ...(tlsVerify !== undefined && { tlsVerify }),
    ...(certificateFolder !== undefined && { certificateFolder }),
    ...(credentials !== undefined && { credentials }),
    ...(platform !== undefined && { platform }),
    allTags: draft.all,
  };
}
