// argv → flags set on a draft, and the operands. The rules and the refusals are those of pflag, as
// docker uses it (checked against its CLI 28): bundles (`-it`), `-e=x`, `-ex`, `--flag=false`, `--`,
// and flags that end at the first operand where what follows is another program's command line.
import { UserError } from "../errors.ts";
import { formatFlag, type Flag, type FlagTable, type RefusedFlags } from "./flag.ts";
import { findNearest } from "./nearest.ts";
import { parseBoolean, parseInteger } from "./values/number.ts";

/** The part of a command that its command line is parsed with. */
export interface Syntax<D> {
  /** The words that start it, `bunker run`: for messages. */
  readonly path: string;
  readonly flags: FlagTable<D>;
  readonly refused?: RefusedFlags;
  /** Whether flags are still looked for after the first operand. */
  readonly interspersed: boolean;
}

export interface ParsedLine {
  readonly operands: readonly string[];
  /** `--help` was among the flags (or `-h`, where that is no flag of the command's own). */
  readonly help: boolean;
  /** Uses of deprecated flags, a line each. */
  readonly warnings: readonly string[];
}

interface Cursor<D> {
  readonly argv: readonly string[];
  readonly syntax: Syntax<D>;
  readonly draft: D;
  index: number;
  /** The last short flag that was looked up. */
  short: { readonly letter: string; readonly name: string; readonly flag: Flag<D> } | undefined;
  help: boolean;
  readonly warnings: string[];
}

/**
 * Returns the operands, after setting each flag on the draft in the order given.
 * @throws UserError exit code 125, in docker's words, with the command's help page as its hint
 */
export function parseLine<D>(argv: readonly string[], syntax: Syntax<D>, draft: D): ParsedLine {
  const cursor: Cursor<D> = {
    argv,
    syntax,
    draft,
    index: 0,
    short: undefined,
    help: false,
    warnings: [],
  };
  const operands: string[] = [];
  while (cursor.index < argv.length) {
    const word = argv[cursor.index++] ?? "";
    if (word === "--") break;
    if (word.length > 1 && word.startsWith("-")) {
      if (word.startsWith("--")) takeLong(cursor, word);
      else takeShorts(cursor, word);
      continue;
    }
    operands.push(word);
    if (!syntax.interspersed) break;
  }
  for (; cursor.index < argv.length; cursor.index++) operands.push(argv[cursor.index] ?? "");
  return { operands, help: cursor.help, warnings: cursor.warnings };
}

/** `--name`, `--name=value`, `--name value`. */
function takeLong<D>(cursor: Cursor<D>, word: string): void {
  const equals = word.indexOf("=");
  const name = equals < 0 ? word.slice(2) : word.slice(2, equals);
  if (name === "" || name.startsWith("-")) refuse(cursor, `bad flag syntax: ${word}`);
  const flag = findLong(cursor.syntax.flags, name);
  if (flag === undefined && name !== "help") refuseName(cursor, name);
  if (equals >= 0) setFlag(cursor, name, flag, word.slice(equals + 1));
  else if (flag === undefined || flag.type === "bool") setFlag(cursor, name, flag, true);
  else if (cursor.index < cursor.argv.length) {
    setFlag(cursor, name, flag, cursor.argv[cursor.index++] ?? "");
  } else refuse(cursor, `flag needs an argument: --${name}`);
}

/** `-i`, `-it`, `-e value`, `-evalue`, `-e=value`. */
function takeShorts<D>(cursor: Cursor<D>, word: string): void {
  let rest = word.slice(1);
  while (rest !== "") {
    const letter = rest.charAt(0);
    const known = findShort(cursor, letter);
    const name = known?.name ?? (letter === "h" ? "help" : undefined);
    if (name === undefined) refuse(cursor, `unknown shorthand flag: '${letter}' in -${rest}`);
    const flag = known?.flag;
    if (rest.length > 2 && rest[1] === "=") {
      setFlag(cursor, name, flag, rest.slice(2));
      return;
    }
    if (flag === undefined || flag.type === "bool") {
      setFlag(cursor, name, flag, true);
      rest = rest.slice(1);
      continue;
    }
    if (rest.length > 1) setFlag(cursor, name, flag, rest.slice(1));
    else if (cursor.index < cursor.argv.length) {
      setFlag(cursor, name, flag, cursor.argv[cursor.index++] ?? "");
    } else refuse(cursor, `flag needs an argument: '${letter}' in -${rest}`);
    return;
  }
}

/** Sets one flag; an undefined one is `--help`, which every command has. `true`: without a value. */
function setFlag<D>(
  cursor: Cursor<D>,
  name: string,
  flag: Flag<D> | undefined,
  given: string | true,
): void {
  const text = given === true ? "true" : given;
  try {
    if (flag === undefined) cursor.help = given === true || parseBoolean(text);
    else if (flag.type === "bool") flag.set(cursor.draft, given === true || parseBoolean(text));
    else if (flag.type === "int") flag.set(cursor.draft, parseInteger(text));
    else if (text !== "" || flag.ignoresEmpty !== true) flag.set(cursor.draft, text);
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
    const short = lookUp(cursor.syntax.flags, name)?.short;
    const said = `${JSON.stringify(text)} for "${formatFlag(name, short)}" flag`;
    throw new UserError(
      `invalid argument ${said}: ${error.message}`,
      error.hint ?? seeHelp(cursor),
    );
  }
  if (flag?.deprecated !== undefined) {
    cursor.warnings.push(`--${name} has been deprecated, ${flag.deprecated}`);
  } else if (flag !== undefined && flag.formerly === name) {
    const [now = ""] = Object.entries(cursor.syntax.flags).find(([, each]) => each === flag) ?? [];
    cursor.warnings.push(`--${name} has been deprecated, use --${now} instead`);
  }
}

// Security: only a table's own rows are flags; `--constructor` is none. A loop, as the first use of
// `Object.hasOwn` costs 20 µs of start-up time, where all rows compared cost 3.
function lookUp<T>(table: Readonly<Record<string, T>>, name: string): T | undefined {
  for (const known in table) if (known === name) return table[known];
  return undefined;
}

/** By its name, or another spelling of it. */
function findLong<D>(flags: FlagTable<D>, name: string): Flag<D> | undefined {
  const named = lookUp(flags, name);
  if (named !== undefined) return named;
  for (const known in flags)
    if (flags[known]?.aliases?.includes(name) === true) return flags[known];
  return undefined;
}

/** Start-up time: the one before it is remembered, as who publishes twenty ports says -p twenty times. */
function findShort<D>(cursor: Cursor<D>, letter: string): Cursor<D>["short"] {
  if (cursor.short?.letter === letter) return cursor.short;
  const { flags } = cursor.syntax;
  for (const name in flags) {
    const flag = flags[name];
    if (flag?.short === letter) return (cursor.short = { letter, name, flag });
  }
  return undefined;
}

function refuseName<D>(cursor: Cursor<D>, name: string): never {
  const { flags, refused } = cursor.syntax;
  const why = refused && lookUp(refused, name);
  if (why !== undefined) refuse(cursor, `--${name} is not supported: ${why}`);
  const candidates = Object.keys(flags).filter((known) => flags[known]?.hidden !== true);
  const nearest = findNearest(name, candidates);
  refuse(cursor, `unknown flag: --${name}`, nearest && `did you mean --${nearest}?`);
}

function refuse<D>(cursor: Cursor<D>, message: string, guess?: string): never {
  const help = seeHelp(cursor);
  throw new UserError(message, guess === undefined ? help : `${guess} ${help}`);
}

function seeHelp<D>(cursor: Cursor<D>): string {
  return `see '${cursor.syntax.path} --help'`;
}
