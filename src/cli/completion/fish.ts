// The completion for fish: a line for each command and flag.
import { type CompletedCommand, type CompletedFlag, LISTS } from "./words.ts";

/** Returns the script. */
export function formatFish(commands: readonly CompletedCommand[]): string {
  const lines = [
    ...commands.map((command) => formatName(command, "__bunker_at")),
    ...commands.flatMap(formatCommand),
  ];
  return `# fish completion for bunker: bunker completion fish | source
function __bunker_below --description 'Whether the command line begins with these words'
  set --local words (commandline --tokenize --cut-at-cursor --current-process)[2..-1]
  set --local length (count $argv)
  test (count $words) -ge $length
  and test "$words[1..$length]" = "$argv"
end

function __bunker_at --description 'Whether the word after these is the one to complete'
  set --local words (commandline --tokenize --cut-at-cursor --current-process)
  test (count $words) -eq (math (count $argv) + 1)
  and test "$words[2..-1]" = "$argv"
end

complete --command bunker --no-files
${lines.join("\n")}
`;
}

const COMPLETE = "complete --command bunker --condition";

const nameOf = (path: string): string => path.slice(path.lastIndexOf(" ") + 1);

const formatName = ({ path, summary }: CompletedCommand, condition: string): string =>
  `${COMPLETE} '${condition}' --arguments ${nameOf(path)} --description ${quote(summary)}`;

function formatCommand(command: CompletedCommand): string[] {
  const { path, flags, operands, children } = command;
  const condition = `__bunker_below ${path}`;
  if (children.length > 0) {
    return [
      ...children.map((child) => formatName(child, `__bunker_at ${path}`)),
      ...children.flatMap(formatCommand),
    ];
  }
  return [
    `${COMPLETE} '${condition}' ${formatOperands(operands)}`,
    ...flags.map((flag) => `${COMPLETE} '${condition}' ${formatFlag(flag)}`),
  ];
}

function formatOperands(operands: CompletedCommand["operands"]): string {
  if (typeof operands !== "string") return `--arguments '${operands.join(" ")}'`;
  if (operands === "files") return "--force-files";
  return `--arguments ${quote(`(${LISTS[operands]} 2>/dev/null)`)}`;
}

function formatFlag({ names, help, takesValue }: CompletedFlag): string {
  const [long = "", short] = names;
  return [
    `--long-option ${long.slice(2)}`,
    ...(short === undefined ? [] : [`--short-option ${short.slice(1)}`]),
    ...(takesValue ? ["--require-parameter --force-files"] : []),
    `--description ${quote(help)}`,
  ].join(" ");
}

const quote = (text: string): string => `'${text.replace(/['\\]/g, "\\$&")}'`;
