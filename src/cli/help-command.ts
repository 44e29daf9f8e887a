// `bunker help [COMMAND…]`, and what `bunker` and `bunker --help` print.
import { UserError } from "../errors.ts";
import { type Command, makeCommand } from "./command.ts";
import { commands, findCommand } from "./commands.ts";
import { findChild } from "./group.ts";
import { formatCommandHelp, formatOverview } from "./help.ts";
import { findNearest } from "./nearest.ts";
import { whyNotHere } from "./not-here.ts";

/** `bunker help`. */
export const helpCommand = makeCommand<undefined>({
  name: "help",
  summary: "Show the help of a command",
  usage: "[COMMAND [SUBCOMMAND]]",
  examples: [{ does: "The flags of a command", line: "bunker help run" }],
  flags: {},
  operands: { min: 0, max: 2 },
  interspersed: true,
  start: () => undefined,
  run: async (_draft, [name, child], context) => {
    if (name === undefined) context.write(formatOverview(commands, context.columns()));
    else context.write(formatCommandHelp(await requireCommand(name, child), context.columns()));
    return 0;
  },
});

/** Returns a command, or that of a group. @throws UserError where there is none */
export async function requireCommand(name: string, child: string | undefined): Promise<Command> {
  const entry = findCommand(name);
  if (entry === undefined) throw unknownCommand(name);
  const command = await entry.load();
  return child === undefined ? command : findChild(command, child);
}

/** Returns the refusal of a command that does not exist: exit code 1, as docker has it. */
export function unknownCommand(name: string): UserError {
  const listed = commands.filter((entry) => entry.group !== undefined);
  const nearest = findNearest(
    name,
    listed.map((entry) => entry.name),
  );
  const guess = nearest === undefined ? "" : `did you mean 'bunker ${nearest}'? `;
  const hint = whyNotHere(name) ?? `${guess}see 'bunker --help'`;
  return new UserError(`unknown command: bunker ${name}`, hint, 1);
}
