// Flags that many lists have.
import type { Flag } from "../flag.ts";

/** What a list's flags fill. */
export interface ListDraft {
  format: string | undefined;
  quiet: boolean;
  noTrunc: boolean;
  readonly filters: Map<string, string[]>;
}

/** Returns a draft without any flag set. */
export function startList(): ListDraft {
  return { format: undefined, quiet: false, noTrunc: false, filters: new Map() };
}

/** `--format` of a list. */
export const formatFlag: Flag<{ format: string | undefined }> = {
  type: "text",
  group: "Flags",
  help:
    "Format output using a custom template: table (the default), table TEMPLATE, json, or " +
    "TEMPLATE, a Go template",
  set: (draft, text) => {
    draft.format = text;
  },
};

/** `-f, --format` of `inspect`. */
export const inspectFormatFlag: Flag<{ format: string | undefined }> = {
  ...formatFlag,
  short: "f",
  help: "Format output using a custom template: json, or TEMPLATE, a Go template",
};

/** Returns `-q, --quiet`. */
export function quietFlag(help: string): Flag<{ quiet: boolean }> {
  return {
    type: "bool",
    short: "q",
    group: "Flags",
    help,
    set: (draft, value) => {
      draft.quiet = value;
    },
  };
}

/** `--no-trunc`. */
export const noTruncFlag: Flag<{ noTrunc: boolean }> = {
  type: "bool",
  group: "Flags",
  help: "Don't truncate output",
  set: (draft, value) => {
    draft.noTrunc = value;
  },
};

/** Returns `--platform`. */
export function platformFlag(help: string): Flag<{ platform: string | undefined }> {
  return {
    type: "text",
    ignoresEmpty: true,
    group: "Flags",
    placeholder: "OS/ARCH",
    help,
    set: (draft, text) => {
      draft.platform = text;
    },
  };
}

/** Returns `-f, --force`. */
export function forceFlag(help: string): Flag<{ force: boolean }> {
  return {
    type: "bool",
    short: "f",
    group: "Flags",
    help,
    set: (draft, value) => {
      draft.force = value;
    },
  };
}

/** Returns `-a, --all`. */
export function allFlag(help: string): Flag<{ all: boolean }> {
  return {
    type: "bool",
    short: "a",
    group: "Flags",
    help,
    set: (draft, value) => {
      draft.all = value;
    },
  };
}
