// Commands that are a group of others: `bunker image ls`, `bunker volume rm`.
import { UserError } from "../errors.ts";
import type { Command, CommandContext, CommandWords } from "./command.ts";
import type { CommandEntry } from "./commands.ts";
import { findNearest } from "./nearest.ts";

/** Returns the command of a group. Its children are called by the whole name: `image ls`. */
export function makeGroup(
  name: string,
  summary: string,
  entries: readonly CommandEntry[],
): Command {
  const children = entries.map((entry) => ({
    ...entry,
    load: async () => {
      const command = await entry.load();
      return command.named?.(`${name} ${entry.name}`) ?? command;
    },
  }));
  const words: CommandWords = { name, summary, usage: "COMMAND" };
  const group: Command = {
    words,
    flags: {},
    children,
    execute: async (argv, context) => executeChild(group, argv, context),
  };
  return group;
}

async function executeChild(
  group: Command,
  argv: readonly string[],
  context: CommandContext,
): Promise<number> {
  const [first = "--help", ...rest] = argv;
  if (first === "--help" || first === "-h") {
    const { formatCommandHelp } = await import("./help.ts");
    context.write(formatCommandHelp(group, context.columns()));
    return 0;
  }
  return (await findChild(group, first)).execute(rest, context);
}

/** @throws UserError for a command that the group does not have, exit code 1 as with docker */
export async function findChild(group: Command, name: string): Promise<Command> {
  const { words, children = [] } = group;
  const entry = children.find((each) => each.name === name || each.aliases?.includes(name));
  if (entry !== undefined) return entry.load();
  if (name.startsWith("-")) {
    const shown = name.startsWith("--")
      ? `flag: ${name}`
      : `shorthand flag: '${name[1]}' in ${name}`;
    throw new UserError(`unknown ${shown}`, `see 'bunker ${words.name} --help'`);
  }
  const nearest = findNearest(
    name,
    children.map((each) => each.name),
  );
  const guess = nearest === undefined ? "" : `did you mean 'bunker ${words.name} ${nearest}'? `;
  const { whyNotHere } = await import("./not-here.ts");
  throw new UserError(
    `unknown command: bunker ${words.name} ${name}`,
    whyNotHere(`${words.name} ${name}`) ?? `${guess}see 'bunker ${words.name} --help'`,
    1,
  );
}
