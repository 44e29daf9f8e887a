// Help pages in docker's shape, from the commands' own definitions, wrapped to the terminal.
import type { Command } from "./command.ts";
import type { CommandEntry } from "./commands.ts";
import type { FlagInfo, RefusedFlags } from "./flag.ts";

/** Beyond this, a flag's explanation begins on the next line. */
const widestName = 34;

/** Returns the page of one command. @param columns the terminal's width */
export function formatCommandHelp(command: Command, columns: number): string {
  const { name, summary, usage, description, examples } = command.words;
  const width = Math.max(columns, 40);
  const parts = [`Usage:  bunker ${name} ${usage}`.trimEnd(), summary];
  for (const paragraph of description?.split("\n\n") ?? []) parts.push(wrap(paragraph, width, 0));
  if (command.children !== undefined) parts.push(formatChildren(name, command.children, width));
  else parts.push(...formatFlags(command.flags, width));
  if (command.refused !== undefined) parts.push(formatRefused(command.refused, width));
  if (examples !== undefined) {
    const lines = examples.flatMap(({ does, line }) => [`  # ${does}`, `  ${line}`]);
    parts.push(["Examples:", ...lines].join("\n"));
  }
  return `${parts.join("\n\n")}\n`;
}

function formatChildren(name: string, children: readonly CommandEntry[], width: number): string {
  const rows = children.map((entry): Row => [`  ${entry.name}`, entry.summary]);
  const table = formatTable(
    "Commands:",
    rows,
    width,
    widestOf(children.map((row) => row.name)) + 2,
  );
  return `${table}\n\nRun 'bunker ${name} COMMAND --help' for more information on a command.`;
}

/** Returns the page of `bunker --help`: the listed commands under their headings. */
export function formatOverview(commands: readonly CommandEntry[], columns: number): string {
  const width = Math.max(columns, 40);
  const parts = [
    "Usage:  bunker [flags] COMMAND",
    wrap("A container engine and OCI runtime in one executable, without a daemon", width, 0),
  ];
  const listed = commands.filter((entry) => entry.group !== undefined);
  for (const [group, entries] of groupBy(listed, (entry) => entry.group ?? "")) {
    const rows = entries.map((entry): Row => [`  ${entry.name}`, entry.summary]);
    parts.push(formatTable(`${group}:`, rows, width, widestOf(listed.map((row) => row.name)) + 2));
  }
  const flags: Row[] = [
    ["      --help", "Print usage"],
    ["  -v, --version", "Print version information and quit"],
  ];
  parts.push(formatTable("Flags:", flags, width, 15));
  parts.push("Run 'bunker COMMAND --help' for more information on a command.");
  return `${parts.join("\n\n")}\n`;
}

/** A name with its indentation, and what explains it. */
type Row = readonly [name: string, explanation: string];

/** One block for each group, in the order in which the groups first appear. */
function formatFlags(flags: Readonly<Record<string, FlagInfo>>, width: number): string[] {
  const shown = Object.entries(flags).filter(([, flag]) => flag.hidden !== true);
  const help: FlagInfo = { type: "bool", group: "Help", help: "Print usage" };
  if (!("help" in flags)) shown.push(["help", help]);
  const left = Math.min(widestName, widestOf(shown.map(([name, flag]) => formatName(name, flag))));
  return [...groupBy(shown, ([, flag]) => flag.group)].map(([group, members]) => {
    const rows = members.map(([name, flag]): Row => [formatName(name, flag), explain(flag)]);
    return formatTable(`${group}:`, rows, width, left);
  });
}

/** `  -e, --env KEY[=VALUE]` */
function formatName(name: string, flag: FlagInfo): string {
  const short = flag.short === undefined ? "   " : `-${flag.short},`;
  return `  ${short} --${name} ${valueOf(flag)}`.trimEnd();
}

/** What the value of a flag is called; of one that has none: nothing. */
export function valueOf({ placeholder, type }: FlagInfo): string {
  return placeholder ?? { bool: "", int: "int", text: "string", list: "list" }[type];
}

/** What a flag does, without a final period. */
export function explain(flag: FlagInfo): string {
  return flag.fallback === undefined ? flag.help : `${flag.help} (default ${flag.fallback})`;
}

function formatTable(title: string, rows: readonly Row[], width: number, left: number): string {
  const column = left + 3;
  const lines = rows.map(([name, explanation]) => {
    const text = wrap(explanation, width - column, column);
    if (name.length > left) return `${name}\n${" ".repeat(column)}${text}`;
    return `${name.padEnd(column)}${text}`;
  });
  return [title, ...lines].join("\n");
}

function formatRefused(refused: RefusedFlags, width: number): string {
  const blocks = [...groupBy(Object.keys(refused), (name) => refused[name] ?? "")].map(
    ([why, names]) => {
      const list = names.map((name) => `--${name}`).join(" ");
      return `  ${wrap(`${list}: ${why}`, width - 4, 4)}`;
    },
  );
  return ["Not supported:", ...blocks].join("\n");
}

/** Returns the words in lines of at most `width` columns; lines after the first are indented. */
function wrap(text: string, width: number, indent: number): string {
  const lines: string[] = [];
  let line = "";
  for (const word of text.split(" ")) {
    if (line !== "" && line.length + 1 + word.length > Math.max(width, 20)) {
      lines.push(line);
      line = word;
    } else line = line === "" ? word : `${line} ${word}`;
  }
  return [...lines, line].join(`\n${" ".repeat(indent)}`);
}

function groupBy<T>(items: readonly T[], keyOf: (item: T) => string): Map<string, T[]> {
  const groups = new Map<string, T[]>();
  for (const item of items) {
    const group = groups.get(keyOf(item));
    if (group === undefined) groups.set(keyOf(item), [item]);
    else group.push(item);
  }
  return groups;
}

function widestOf(names: readonly string[]): number {
  return Math.max(0, ...names.map((name) => name.length));
}
