// The flags of `run` about the image that its container is made of.
import { UserError } from "../../errors.ts";
import type { FlagTable } from "../flag.ts";
import type { RunDraft } from "./draft.ts";

const group = "Image";

export const imageFlags: FlagTable<RunDraft> = {
  pull: {
    type: "text",
    group,
    placeholder: "always|missing|never",
    fallback: "missing",
    help: "Pull image before running",
    set: (draft, text) => {
      if (text !== "always" && text !== "missing" && text !== "never" && text !== "") {
        throw new UserError(
          `invalid pull option: '${text}': must be one of "always", "missing" or "never"`,
        );
      }
      draft.options.pull = text || "missing";
    },
  },
  platform: {
    type: "text",
    ignoresEmpty: true,
    group,
    placeholder: "OS/ARCH",
    help: "Set platform if server is multi-platform capable",
    set: (draft, text) => {
      draft.options.platform = text;
    },
  },
  quiet: {
    type: "bool",
    short: "q",
    group,
    help: "Suppress the pull output",
    set: (draft, value) => {
      draft.options.quiet = value;
    },
  },
  "disable-content-trust": {
    type: "bool",
    group,
    hidden: true,
    help: "Skip image verification",
    set: () => undefined,
  },
};
