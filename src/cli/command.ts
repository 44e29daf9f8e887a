// What a command is: a value, from which it is parsed, run and explained.
import { UserError } from "../errors.ts";
import type { CommandEntry } from "./commands.ts";
import type { Engine } from "./engine.ts";
import type { FlagInfo, FlagTable, RefusedFlags } from "./flag.ts";
import { parseLine } from "./parse.ts";
import type { Environment } from "./values/environment.ts";

/** The world as a command sees it. Everything is asked for late: a `run` needs little of it. */
export interface CommandContext {
  readonly engine: Engine;
  readonly env: Environment;
  cwd(): string;
  /** CPUs that this process may use. */
  hostCpus(): number;
  /** What a path leads to, links followed; undefined when there is nothing. */
  kindOf(path: string): "file" | "directory" | "other" | undefined;
  /** The text of a file, or the system's error. */
  readText(path: string): string;
  /** Columns of the terminal; 80 where there is none. */
  columns(): number;
  /** Whether stdin, stdout or stderr (0, 1, 2) is a terminal. */
  isTerminal(fd: number): boolean;
  write(text: string): void;
  writeError(text: string): void;
}

/** How many operands a command takes; no `max`: any number. */
export interface OperandCount {
  readonly min: number;
  readonly max?: number;
}

/** What the help page says. */
export interface CommandWords {
  readonly name: string;
  /** Of one that goes by another name, `container run`: the name of its definition, `run`. */
  readonly sameAs?: string;
  /** One sentence without a final period. */
  readonly summary: string;
  /** What follows the name in the usage line: `[flags] IMAGE [COMMAND] [ARG...]`. */
  readonly usage: string;
  /** A few paragraphs, separated by empty lines. */
  readonly description?: string;
  readonly examples?: readonly { readonly does: string; readonly line: string }[];
}

/** A command whose flags fill a draft of type D. */
export interface CommandDefinition<D> extends CommandWords {
  readonly flags: FlagTable<D>;
  readonly refused?: RefusedFlags;
  readonly operands: OperandCount;
  /** The exit code of a failure that has none of its own; 125 unless said, docker's is mostly 1. */
  readonly failureCode?: number;
  /** Whether flags may follow operands; never where the operands are a command line. */
  readonly interspersed: boolean;
  /** Returns the draft that the flags are set on. */
  start(context: CommandContext): D;
  run(draft: D, operands: readonly string[], context: CommandContext): Promise<number>;
}

/** A command for the dispatcher and the help page, whatever its draft is. */
export interface Command {
  readonly words: CommandWords;
  readonly flags: Readonly<Record<string, FlagInfo>>;
  readonly refused?: RefusedFlags;
  /** Of a command that is a group of others, `image`: these. */
  readonly children?: readonly CommandEntry[];
  /** Parses what follows the command's name, runs it, and returns the exit code. */
  execute(argv: readonly string[], context: CommandContext): Promise<number>;
  /** The same command by another name: `image ls`, where `images` is one. */
  named?(name: string): Command;
}

/** Returns the command of a definition. */
export function makeCommand<D>(definition: CommandDefinition<D>): Command {
  const command: Command = {
    words: definition,
    flags: definition.flags,
    ...(definition.refused && { refused: definition.refused }),
    execute: async (argv, context) => {
      const draft = definition.start(context);
      const parsed = parseCommand(argv, definition, draft);
      for (const warning of parsed.warnings) context.writeError(`bunker: ${warning}\n`);
      if (parsed.help) {
        const { formatCommandHelp } = await import("./help.ts");
        context.write(formatCommandHelp(command, context.columns()));
        return 0;
      }
      const { failureCode } = definition;
      if (failureCode === undefined) return definition.run(draft, parsed.operands, context);
      return withFailureCode(failureCode, context, () =>
        definition.run(draft, parsed.operands, context),
      );
    },
    named: (name) => makeCommand({ ...definition, name, sameAs: definition.name }),
  };
  return command;
}

/** What fails without an exit code of its own is told here, and ends with that of the command. */
async function withFailureCode(
  failureCode: number,
  context: CommandContext,
  run: () => Promise<number>,
): Promise<number> {
  try {
    return await run();
  } catch (error) {
    const { formatError } = await import("./report.ts");
    const { text, exitCode } = formatError(error);
    context.writeError(isDenied(error) ? text + NEEDS_ROOT : text);
    return exitCode === 125 ? failureCode : exitCode;
  }
}

const NEEDS_ROOT = "  hint: what bunker keeps is root's: start it with sudo\n";

/** Whether it is for want of privilege that the kernel has said no. */
function isDenied(error: unknown): boolean {
  if (process.geteuid?.() === 0 || !(error instanceof Error) || !("code" in error)) return false;
  return error.code === "EACCES" || error.code === "EPERM";
}

/**
 * Returns the parsed line of a command, its number of operands checked unless help is asked for.
 * @throws UserError exit code 125 for a flag, 1 for the number of operands, as docker does
 */
export function parseCommand<D>(
  argv: readonly string[],
  definition: CommandDefinition<D>,
  draft: D,
): ReturnType<typeof parseLine> {
  const path = `bunker ${definition.name}`;
  const parsed = parseLine(argv, { ...pickSyntax(definition), path }, draft);
  if (!parsed.help) checkCount(path, definition, parsed.operands.length);
  return parsed;
}

function pickSyntax<D>(definition: CommandDefinition<D>) {
  const { flags, refused, interspersed } = definition;
  return { flags, interspersed, ...(refused && { refused }) };
}

function checkCount<D>(path: string, definition: CommandDefinition<D>, count: number): void {
  const { min, max } = definition.operands;
  if (count >= min && (max === undefined || count <= max)) return;
  const hint = `usage: ${path} ${definition.usage}`.trimEnd();
  throw new UserError(`'${path}' ${formatCount(min, max)}`, hint, 1);
}

/** docker's words. */
function formatCount(min: number, max: number | undefined): string {
  if (max === 0) return "accepts no arguments";
  const words = (number: number): string => `${number} argument${number === 1 ? "" : "s"}`;
  if (max === undefined) return `requires at least ${words(min)}`;
  if (max === min) return `requires ${words(min)}`;
  return min === 0
    ? `requires at most ${words(max)}`
    : `requires at least ${min} and at most ${words(max)}`;
}
