// `bunker clone`: the demonstration of clone(2), a child in a UTS namespace of its own.
import { UserError } from "../errors.ts";
import { makeCommand } from "./command.ts";
import { parseHostname } from "./values/name.ts";

interface CloneDraft {
  hostname: string;
}

/** `bunker clone`. */
export const cloneCommand = makeCommand<CloneDraft>({
  name: "clone",
  summary: "Run a program as a child with a host name of its own",
  usage: "--hostname NAME [PROGRAM [ARG...]]",
  description: "Without a program it is the caller's shell.",
  examples: [
    { does: "A name that only the child sees", line: "bunker clone --hostname box uname -n" },
  ],
  flags: {
    hostname: {
      type: "text",
      group: "Program",
      placeholder: "name",
      help: "The child's host name",
      set: (draft, text) => {
        draft.hostname = parseHostname(text);
      },
    },
  },
  operands: { min: 0 },
  interspersed: false,
  start: () => ({ hostname: "" }),
  run: async ({ hostname }, command, context) => {
    if (hostname === "") throw new UserError("no host name given", "add --hostname NAME");
    return context.engine.clone({ hostname, command });
  },
});
