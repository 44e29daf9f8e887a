// `bunker man`
import { makeCommand } from "../command.ts";
import { commands } from "../commands.ts";
import { requireCommand } from "../help-command.ts";
import { formatManual, formatPage } from "./manual.ts";

export const manCommand = makeCommand<undefined>({
  name: "man",
  summary: "Print the manual, for man(1)",
  usage: "[COMMAND [SUBCOMMAND]]",
  description:
    "The whole manual, bunker(1), or the page of one command; from the same definitions as --help.",
  examples: [
    { does: "Read it", line: "bunker man | man -l -" },
    { does: "One command's", line: "bunker man network create | man -l -" },
    {
      does: "Have it found by man bunker",
      line: "bunker man > /usr/local/share/man/man1/bunker.1",
    },
  ],
  failureCode: 1,
  flags: {},
  operands: { min: 0, max: 2 },
  interspersed: true,
  start: () => undefined,
  run: async (_draft, [name, child], context) => {
    if (name === undefined) context.write(await formatManual(commands));
    else context.write(await formatPage(await requireCommand(name, child)));
    return 0;
  },
});
