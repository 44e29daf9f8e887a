// `bunker man`
import { makeCommand } from "../command.ts";
import { commands, findCommand } from "../commands.ts";
import { findChild } from "../group.ts";
import { unknownCommand } from "../help-command.ts";
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
    if (name === undefined) {
      context.write(await formatManual(commands));
      return 0;
    }
    const row = findCommand(name);
    if (row === undefined) throw unknownCommand(name);
    const command = await row.load();
    const shown = child === undefined ? command : await findChild(command, child);
    context.write(await formatPage(shown));
    return 0;
  },
});
