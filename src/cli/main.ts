// The command line from argv to exit code: find the command, run it, say what went wrong.
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
  if (flag === "--version" || flag === "-v") {
    context.write((await import("./version.ts")).versionLine);
    return 0;
  }
  if (flag === "--help" || flag === "-h") {
    return (await import("./help-command.ts")).helpCommand.execute([], context);
  }
  throw (await import("./global-flags.ts")).refuseGlobal(flag);
}

/** Prints an error and returns its exit code. */
export async function report(error: unknown, context: CommandContext): Promise<number> {
  const { formatError } = await import("./report.ts");
  const { text, exitCode } = formatError(error);
  context.writeError(text);
  return exitCode;
}
