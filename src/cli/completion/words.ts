// What a shell has to know to complete a command line: the commands, their flags, and what their operands
// name, all from the definitions.
import type { Command } from "../command.ts";
import type { CommandEntry } from "../commands.ts";

/** What stands where a command's operands do. */
export type OperandKind = "containers" | "images" | "volumes" | "networks" | "files";

export interface CompletedFlag {
  /** With their dashes: `--name`, `-n`. */
  readonly names: readonly string[];
  readonly help: string;
  readonly takesValue: boolean;
}

export interface CompletedCommand {
  /** `run`, `image ls`. */
  readonly path: string;
  readonly summary: string;
  readonly flags: readonly CompletedFlag[];
  readonly operands: OperandKind | readonly string[];
  /** Of a group. */
  readonly children: readonly CompletedCommand[];
}

/** How a shell asks for the names of things. */
export const LISTS: Readonly<Record<Exclude<OperandKind, "files">, string>> = {
  containers: "bunker ps --all --format '{{.Names}}'",
  images: "bunker images --format '{{.Repository}}:{{.Tag}}'",
  volumes: "bunker volume ls --quiet",
  networks: "bunker network ls --format '{{.Name}}'",
};

/** All commands that the overview lists, each of them loaded. */
export async function listCompleted(entries: readonly CommandEntry[]): Promise<CompletedCommand[]> {
  const listed = entries.filter(({ group }) => group !== undefined);
  const all = listed.map(({ name }) => name);
  return Promise.all(listed.map((entry) => completeEntry(entry, entry.name, all)));
}

/** @param all the names of commands, which `help` takes */
async function completeEntry(
  entry: CommandEntry,
  path: string,
  all: readonly string[],
): Promise<CompletedCommand> {
  const command = await entry.load();
  const children = (command.children ?? []).map((child) =>
    completeEntry(child, `${path} ${child.name}`, all),
  );
  return {
    path,
    summary: entry.summary,
    flags: listFlags(command),
    operands: command.words.usage.startsWith("[COMMAND") ? all : findOperands(command.words.usage),
    children: await Promise.all(children),
  };
}

function listFlags({ flags }: Command): CompletedFlag[] {
  const listed = Object.entries(flags).filter(([, { hidden }]) => hidden !== true);
  return listed.map(([name, { short, help, type }]) => ({
    names: short === undefined ? [`--${name}`] : [`--${name}`, `-${short}`],
    help,
    takesValue: type !== "bool",
  }));
}

const KINDS: Readonly<Record<string, OperandKind>> = {
  CONTAINER: "containers",
  IMAGE: "images",
  "NAME[:TAG": "images",
  REPOSITORY: "images",
  VOLUME: "volumes",
  NETWORK: "networks",
};

/** The first that the usage line names; words where it lists them: `bash|zsh|fish`. */
function findOperands(usage: string): CompletedCommand["operands"] {
  if (/^[a-z]+(\|[a-z]+)+$/.test(usage)) return usage.split("|");
  const found = /CONTAINER|IMAGE|NAME\[:TAG|REPOSITORY|VOLUME|NETWORK/.exec(usage)?.[0] ?? "";
  return KINDS[found] ?? "files";
}
