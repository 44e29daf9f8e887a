// What a person reads when something went wrong: `bunker: message`, the hint under it; a bug of
// ours with its stack.
import { UserError } from "../errors.ts";

/** An error as it is shown, and the exit code that goes with it. */
export interface Report {
  readonly text: string;
  readonly exitCode: number;
}

/**
 * Returns the text for stderr. Errors of the world (`SyscallError` and its like) are known by the
 * `code` that they carry; their clauses are joined from the outermost cause to the innermost.
 */
export function formatError(error: unknown): Report {
  if (!(error instanceof Error)) return formatBug(String(error));
  if (isSuppressed(error)) {
    // What went wrong first is what the user asks about; then what could not be cleared up.
    const { text, exitCode } = formatError(error.suppressed);
    return { text: text + formatError(error.error).text, exitCode };
  }
  if (!(error instanceof UserError) && !isWorlds(error)) {
    return formatBug(error.stack ?? error.message);
  }
  const hint = findHint(error);
  // One line, whatever the user's strings in it are; only a list of problems has indented ones.
  const line = joinClauses(error).replace(/\n(?!  )/g, "\\n");
  const text = `bunker: ${line}\n${hint === undefined ? "" : `  hint: ${hint}\n`}`;
  return { text, exitCode: error instanceof UserError ? error.exitCode : 125 };
}

/** An error as the records of a log take it. */
export interface Described {
  /** One line but for a list of problems. */
  readonly message: string;
  readonly hint?: string;
  /** Only of a bug of ours. */
  readonly stack?: string;
}

/** Returns what formatError() would say, in parts. */
export function describeError(error: unknown): Described {
  if (!(error instanceof Error)) return { message: `internal error: ${String(error)}` };
  if (isSuppressed(error)) {
    const { message, ...first } = describeError(error.suppressed);
    return { ...first, message: `${message}; then: ${describeError(error.error).message}` };
  }
  const message = joinClauses(error);
  if (!(error instanceof UserError) && !isWorlds(error)) {
    return { message: `internal error: ${message}`, stack: error.stack ?? message };
  }
  const hint = findHint(error);
  return hint === undefined ? { message } : { message, hint };
}

/** SuppressedError, which a bundler may have replaced by one of its own. */
function isSuppressed(error: Error): error is Error & { error: unknown; suppressed: unknown } {
  return error.name === "SuppressedError" && "suppressed" in error && "error" in error;
}

function joinClauses(error: Error): string {
  const clauses = [error.message];
  for (let cause = error.cause; cause instanceof Error; cause = cause.cause) {
    if (!clauses.some((clause) => clause.includes(cause.message))) clauses.push(cause.message);
  }
  return clauses.join(": ");
}

function findHint(error: Error): string | undefined {
  for (let cause: unknown = error; cause instanceof Error; cause = cause.cause) {
    if ("hint" in cause && typeof cause.hint === "string" && cause.hint !== "") return cause.hint;
  }
  return undefined;
}

/** What the world has done to us, or answered. */
const WORLDS: readonly string[] = ["SyscallError", "RegistryError", "PerformerDied"];

/** Whether the error, or what caused it, is no bug of ours. */
function isWorlds(error: Error): boolean {
  for (let cause: unknown = error; cause instanceof Error; cause = cause.cause) {
    if (WORLDS.includes(cause.name)) return true;
    // What node:fs and the network throw: an errno name.
    if ("code" in cause && typeof cause.code === "string" && /^E[A-Z0-9]+$/.test(cause.code)) {
      return true;
    }
  }
  return false;
}

function formatBug(detail: string): Report {
  const lines = [
    "bunker: internal error, which is a bug of bunker's own",
    ...detail
      .trimEnd()
      .split("\n")
      .map((line) => `  ${line}`),
    "  hint: please report it with the command line and the lines above",
  ];
  return { text: `${lines.join("\n")}\n`, exitCode: 125 };
}
