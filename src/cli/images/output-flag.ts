// `-o` of what writes an archive: `save` and `export`.
import { UserError } from "../../errors.ts";
import type { CommandContext } from "../command.ts";
import type { Flag } from "../flag.ts";

/** Undefined: to stdout. */
export interface OutputDraft {
  output: string | undefined;
}

/** `-o, --output`. */
export const outputFlag: Flag<OutputDraft> = {
  type: "text",
  short: "o",
  ignoresEmpty: true,
  group: "Flags",
  help: "Write to a file, instead of STDOUT",
  set: (draft, text) => {
    draft.output = text;
  },
};

/** @throws UserError where the archive would come to a terminal */
export function refuseTerminal({ output }: OutputDraft, context: CommandContext): void {
  if (output === undefined && context.isTerminal(1)) {
    throw new UserError("cowardly refusing to save to a terminal", "use the -o flag or redirect");
  }
}
