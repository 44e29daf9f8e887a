// The command line from argv to exit code: find the command, run it, say what went wrong.
import { UserError } from "../errors.ts";
import type { CommandContext } from "./command.ts";
import { findCommand } from "./commands.ts";

/**
 * Returns the exit code: the command's own, or 125 for what bunker refused or could not do, and 1
 * for a command that does not exist, as docker has them. Never throws.
 * @param argv what follows the program's name
 */
export async function main(argv: readonly string[], context: CommandContext): Promise<number> {
  try {
    return await dispatch(argv, context);
  } catch (error) {
    return report(error, context);
  }
}

async function dispatch(argv: readonly string[], context: CommandContext): Promise<number> {
  const first = argv[0] ?? "--help";
  if (first.startsWith("-") && first.length > 1) return performGlobalFlag(first, context);
  const entry = findCommand(first);
  if (entry === undefined) throw (await import("./help-command.ts")).unknownCommand(first);
  const command = await entry.load();
  return command.execute(argv.slice(1), context);
}

async function performGlobalFlag(flag: string, context: CommandContext): Promise<number> {
  const names: Readonly<Record<string, string>> = {
    "--help": "help",
    "-h": "help",
    "--version": "version",
    "-v": "version",
  };
  const entry = findCommand((Object.hasOwn(names, flag) && names[flag]) || "");
  if (entry === undefined) {
    const shown = flag.startsWith("--")
      ? `flag: ${flag}`
      : `shorthand flag: '${flag[1]}' in ${flag}`;
    throw new UserError(`unknown ${shown}`, "see 'bunker --help'");
  }
  const command = await entry.load();
  return command.execute([], context);
}

/** Prints an error and returns its exit code. */
export async function report(error: unknown, context: CommandContext): Promise<number> {
  const { formatError } = await import("./report.ts");
  const { text, exitCode } = formatError(error);
  context.writeError(text);
  return exitCode;
}
