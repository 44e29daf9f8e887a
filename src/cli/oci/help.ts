// Help pages, in the shape that runc's have: its callers probe for verbs and flags by reading them.
import { libcFiles } from "../libc-files.ts";
import type { Log } from "./log.ts";
import { GLOBAL_WORDS, VERB_WORDS, type FlagWords, type VerbWords } from "./help-words.ts";
import { GLOBAL_SYNTAX } from "./globals.ts";
import type { Syntax } from "./parse.ts";
import { reportUnknown } from "./report.ts";
import type { Verb } from "./verb.ts";
import { formatVersion } from "./version.ts";
import { findVerb } from "./verbs.ts";

/** Prints the page of the program; returns the exit code. */
export function showHelp(program: string): number {
  libcFiles.write(1, formatHelp(program));
  return 0;
}

/** Prints the page of a verb; returns the exit code. */
export function showVerbHelp(verb: Verb, program: string): number {
  libcFiles.write(1, formatVerbHelp(verb, program));
  return 0;
}

/** `help [VERB]`, and whatever is no verb. */
export async function helpOrUnknown(
  word: string,
  rest: readonly string[],
  program: string,
  log: Log,
): Promise<number> {
  if (word !== "help" && word !== "h") return reportUnknown(word, log);
  const [topic] = rest;
  if (topic === undefined) return showHelp(program);
  const verb = await findVerb(topic);
  return verb === undefined ? reportUnknown(topic, log) : showVerbHelp(verb, program);
}

/** The page of the program. */
export function formatHelp(program: string): string {
  const version = formatVersion(program).split("\n")[0]?.split(" ").at(-1) ?? "";
  const commands = Object.entries(VERB_WORDS).map(([name, words]): Row => [name, words.summary]);
  commands.push(["help, h", "show the list of commands, or the help of one command"]);
  return [
    `NAME:\n   ${program} - Open Container Initiative runtime\n`,
    indent(DESCRIPTION.replaceAll("PROGRAM", program)),
    `\nUSAGE:\n   ${program} [global options] command [command options] [arguments...]\n`,
    `VERSION:\n   ${version}\n`,
    `COMMANDS:\n${formatRows(commands)}\n`,
    `GLOBAL OPTIONS:\n${formatRows(flagRows(GLOBAL_SYNTAX, GLOBAL_WORDS))}\n`,
  ].join("\n");
}

const DESCRIPTION = `This is bunker as an OCI runtime: it runs the containers that bundles describe, and speaks
the command line of runc, so that the engines which call that can call it instead.

A bundle is a folder with a config.json and the container's root file system. To run one:

    # PROGRAM run [ -b bundle ] <container-id>`;

/** The page of a verb. */
export function formatVerbHelp(verb: Verb, program: string): string {
  const words: VerbWords = VERB_WORDS[verb.name] ?? { summary: "", usage: "", flags: {} };
  const options = flagRows(verb, words.flags);
  const parts = [
    `NAME:\n   ${program} ${verb.name} - ${words.summary}\n`,
    `USAGE:\n   ${program} ${verb.name} [command options] ${words.usage}`.trimEnd() + "\n",
  ];
  if (words.description !== undefined) {
    parts.push(`DESCRIPTION:\n${indent(words.description.replaceAll("PROGRAM", program))}\n`);
  }
  parts.push(`OPTIONS:\n${formatRows(options)}\n`);
  return parts.join("\n");
}

type Row = readonly [name: string, explanation: string];

/** A row for each flag that has words; what has none is accepted, but not to be used. */
function flagRows(syntax: Syntax, words: Readonly<Record<string, FlagWords>>): Row[] {
  const rows: Row[] = [];
  for (const [name, type] of Object.entries(syntax.flags)) {
    const help = words[name];
    if (help === undefined) continue;
    const value = type === "bool" ? "" : " value";
    const short = Object.entries(syntax.aliases ?? {}).filter(([, long]) => long === name);
    const names = [`--${name}${value}`, ...short.map(([alias]) => `-${alias}${value}`)];
    rows.push([names.join(", "), help]);
  }
  if (!("help" in syntax.flags)) rows.push(["--help, -h", "show help"]);
  return rows;
}

function formatRows(rows: readonly Row[]): string {
  const width = Math.max(...rows.map(([name]) => name.length));
  return rows.map(([name, text]) => `   ${name.padEnd(width)}  ${text}`).join("\n");
}

function indent(text: string): string {
  const lines = text.split("\n");
  return lines.map((line) => (line === "" ? "" : `   ${line}`)).join("\n");
}
