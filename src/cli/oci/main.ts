// The OCI command line from argv to exit code, as runc speaks it. Start-up: `state`, `start` and
// `delete` are called many times a second by those who use them, so a call loads this module and
// its verb's, looks at the flags that were given, and nothing else.
import { readVariable } from "../../../ffi/environment.ts";
import { prepareErrno } from "../../../ffi/library.ts";
import { libcFiles } from "../libc-files.ts";
import { readGlobals, type Globals } from "./globals.ts";
import { parseLine, UsageError, type Line } from "./parse.ts";
import type { OciContext, Verb } from "./verb.ts";
import { findVerb } from "./verbs.ts";

/**
 * Returns the exit code: 0, the program's own for `run` and `exec`, 1 for what was refused, 3 for a
 * verb that does not exist, 255 for an `exec` that failed. Never throws.
 * @param argv what follows the program's name, or the word `oci`
 * @param name what it was called by, for messages: "runc", "bunker oci"
 */
export async function runOci(argv: readonly string[], name: string): Promise<number> {
  prepareErrno();
  let globals: Globals;
  // Order: before the log is opened.
  const inheritedFds = await findInherited(argv);
  try {
    globals = readGlobals(argv, name, inheritedFds);
  } catch (error) {
    return (await import("./report.ts")).reportGlobals(error, name);
  }
  const { line, log } = globals;
  if (line.has("help")) return (await import("./help.ts")).showHelp(name);
  if (line.has("version")) return (await import("./version.ts")).showVersion(name);
  const [word, ...rest] = line.operands;
  if (word === undefined) return (await import("./help.ts")).showHelp(name);
  const verb = await findVerb(word);
  if (verb === undefined) return (await import("./help.ts")).helpOrUnknown(word, rest, name, log);
  return perform(verb, rest, globals);
}

/** Empty where none are to be passed on: only what starts a program does so. */
async function findInherited(argv: readonly string[]): Promise<readonly number[]> {
  let isWanted = false;
  let starts = false;
  for (const word of argv) {
    if (word.includes("-preserve-fds")) isWanted = true;
    if (word === "create" || word === "run" || word === "exec" || word === "restore") starts = true;
  }
  if (!isWanted && (!starts || readVariable("LISTEN_FDS") === undefined)) return [];
  return (await import("../../engine/oci/inherited-fds.ts")).listInherited();
}

async function perform(
  verb: Verb,
  argv: readonly string[],
  { oci, rootGiven, log }: Globals,
): Promise<number> {
  const context: OciContext = { globals: oci, rootGiven, write };
  try {
    const line = parseLine(argv, verb);
    if (line.has("help")) return (await import("./help.ts")).showVerbHelp(verb, oci.name);
    checkCount(verb, line, oci.name);
    return await verb.run(line, context);
  } catch (error) {
    return (await import("./report.ts")).report(error, verb, oci.name, log);
  }
}

function write(text: string): void {
  libcFiles.write(1, text);
}

function checkCount({ name, operands: [min, max] }: Verb, line: Line, program: string): void {
  const count = line.operands.length;
  if (count >= min && count <= max) return;
  const [what, number] =
    min === max ? ["exactly", min] : count < min ? ["a minimum of", min] : ["a maximum of", max];
  throw new UsageError(`${program}: "${name}" requires ${what} ${number} argument(s)`);
}
