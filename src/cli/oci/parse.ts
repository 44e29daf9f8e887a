// argv → flags and operands, by the rules that runc's callers rely on (Go's `flag` package under
// urfave/cli): one dash or two, `--flag=value` or `--flag value`, no bundles of letters. An unknown
// flag is refused before the first operand and is an operand after it. Start-up: loops instead of
// lookups by callbacks or expressions, as this runs at every call of the runtime.
import { UserError } from "../../errors.ts";

/** `int` is checked when it is parsed; a `list` differs from `text` in that every value counts. */
export type FlagType = "bool" | "text" | "list" | "int";

/** What a command line may have. */
export interface Syntax {
  readonly flags: Readonly<Record<string, FlagType>>;
  /** Other names of flags, mostly of one letter. */
  readonly aliases?: Readonly<Record<string, string>>;
  /** Whether everything after the first operand is an operand: another program's command line. */
  readonly stopsAtOperand?: boolean;
}

/** A usage error: shown with the help page of the command. */
export class UsageError extends UserError {}

/** A parsed command line. */
export class Line {
  readonly operands: string[] = [];
  readonly #names: string[] = [];
  readonly #values: string[] = [];

  set(name: string, value: string): void {
    this.#names.push(name);
    this.#values.push(value);
  }

  has(name: string): boolean {
    return this.#names.includes(name);
  }

  /** The last value given; "" where there is none, as empty is for every flag of runc's. */
  text(name: string): string {
    const at = this.#names.lastIndexOf(name);
    return at < 0 ? "" : (this.#values[at] ?? "");
  }

  bool(name: string): boolean {
    return this.text(name) === "true";
  }

  /** 0 where it is not given. */
  int(name: string): number {
    return Number(this.text(name));
  }

  list(name: string): string[] {
    const values: string[] = [];
    for (let i = 0; i < this.#names.length; i++) {
      if (this.#names[i] === name) values.push(this.#values[i] ?? "");
    }
    return values;
  }
}

/** @throws UsageError in Go's words */
export function parseLine(argv: readonly string[], syntax: Syntax): Line {
  const line = new Line();
  for (let index = 0; index < argv.length; index++) {
    const word = argv[index] ?? "";
    const isFlag = word.length > 1 && word[0] === "-";
    if (word === "--" || (!isFlag && syntax.stopsAtOperand === true)) {
      takeOperands(line, argv, word === "--" ? index + 1 : index);
      return line;
    }
    const name = isFlag ? flagName(word) : "";
    const known = isFlag ? findFlag(syntax, name) : undefined;
    if (known !== undefined) index += takeFlag(line, known, name, word, argv[index + 1]);
    else if (isFlag && line.operands.length === 0) refuseFlag(word, name);
    else line.operands.push(word);
  }
  return line;
}

function takeOperands(line: Line, argv: readonly string[], start: number): void {
  for (let index = start; index < argv.length; index++) line.operands.push(argv[index] ?? "");
}

/** `name` of `-name`, `--name` and `--name=value`. */
function flagName(word: string): string {
  const start = word[1] === "-" ? 2 : 1;
  const equals = word.indexOf("=");
  return equals < 0 ? word.slice(start) : word.slice(start, equals);
}

interface KnownFlag {
  readonly name: string;
  readonly type: FlagType;
}

// Security: only a table's own rows are flags; `--constructor` is none.
function findFlag({ flags, aliases }: Syntax, given: string): KnownFlag | undefined {
  let name = given;
  for (const alias in aliases) if (alias === given) name = aliases[alias] ?? given;
  for (const known in flags) {
    if (known === name) return { name, type: flags[known] ?? "text" };
  }
  return name === "help" || name === "h" ? { name: "help", type: "bool" } : undefined;
}

/** Sets one flag; how many of the words after it belong to it. */
function takeFlag(
  line: Line,
  { name, type }: KnownFlag,
  given: string,
  word: string,
  next: string | undefined,
): number {
  const equals = word.indexOf("=");
  if (type === "bool") {
    line.set(name, equals < 0 ? "true" : parseBoolean(word.slice(equals + 1), given));
    return 0;
  }
  const value = equals < 0 ? next : word.slice(equals + 1);
  if (value === undefined) throw new UsageError(`flag needs an argument: -${given}`);
  line.set(name, type === "int" ? parseInteger(value, given) : value);
  return equals < 0 ? 1 : 0;
}

function parseBoolean(text: string, name: string): string {
  if (["1", "t", "T", "true", "TRUE", "True"].includes(text)) return "true";
  if (["0", "f", "F", "false", "FALSE", "False"].includes(text)) return "false";
  throw new UsageError(`invalid boolean value ${JSON.stringify(text)} for -${name}: parse error`);
}

function parseInteger(text: string, name: string): string {
  const value = /^[+-]?\d+$/.test(text) ? Number(text) : NaN;
  if (Number.isSafeInteger(value)) return String(value);
  throw new UsageError(`invalid value ${JSON.stringify(text)} for flag -${name}: parse error`);
}

function refuseFlag(word: string, name: string): never {
  if (name === "" || name.startsWith("-")) {
    throw new UsageError(`bad flag syntax: ${word}`);
  }
  throw new UsageError(`flag provided but not defined: -${name}`);
}
