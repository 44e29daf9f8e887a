// The flags of the commands that make an image: commit and import.
import type { Flag } from "../flag.ts";

/** `-c, --change` */
export const changeFlag: Flag<{ readonly changes: string[] }> = {
  type: "list",
  short: "c",
  group: "Flags",
  help: "Apply Dockerfile instruction to the created image",
  set: (draft, text) => {
    draft.changes.push(text);
  },
};

/** Returns `-m, --message`. */
export function messageFlag(help: string): Flag<{ message: string }> {
  return {
    type: "text",
    short: "m",
    group: "Flags",
    help,
    set: (draft, text) => {
      draft.message = text;
    },
  };
}
