// The completion for zsh, with what each command and flag does beside it.
import { type CompletedCommand, type CompletedFlag, LISTS } from "./words.ts";

/** Returns the script. */
export function formatZsh(commands: readonly CompletedCommand[]): string {
  return `#compdef bunker
# zsh completion for bunker: source <(bunker completion zsh), or a file _bunker in $fpath
${Object.entries(LISTS).map(formatList).join("\n")}

_bunker() {
  local command=\${words[2]}
  local -a commands
  if ((CURRENT == 2)); then
    commands=(${commands.map(formatName).join(" ")})
    _describe command commands
    return
  fi
  shift words
  ((CURRENT--))
  case $command in
${commands.map((command) => formatCommand(command)).join("\n")}
  esac
}

if [[ $funcstack[1] == _bunker ]]; then
  _bunker "$@"
else
  compdef _bunker bunker
fi
`;
}

function formatList([kind, list]: readonly [string, string]): string {
  return `_bunker_${kind}() {
  local -a names
  names=(\${(f)"$(${list} 2>/dev/null)"})
  compadd -a names
}`;
}

const nameOf = ({ path }: CompletedCommand): string => path.slice(path.lastIndexOf(" ") + 1);

const formatName = (command: CompletedCommand): string =>
  quote(`${nameOf(command)}:${command.summary.replaceAll(":", "\\:")}`);

function formatCommand(command: CompletedCommand): string {
  const { children } = command;
  if (children.length === 0) return `    ${nameOf(command)}) ${formatArguments(command)} ;;`;
  return `    ${nameOf(command)})
      if ((CURRENT == 2)); then
        commands=(${children.map(formatName).join(" ")})
        _describe command commands
        return
      fi
      command=\${words[2]}
      shift words
      ((CURRENT--))
      case $command in
${children.map((child) => `    ${formatCommand(child)}`).join("\n")}
      esac ;;`;
}

function formatArguments({ flags, operands }: CompletedCommand): string {
  const specs = flags.flatMap(formatFlag);
  const action =
    typeof operands !== "string"
      ? `(${operands.join(" ")})`
      : operands === "files"
        ? "_files"
        : `_bunker_${operands}`;
  return ["_arguments -s", ...specs, quote("--help[Print usage]"), quote(`*: :${action}`)].join(
    " ",
  );
}

function formatFlag({ names, help, takesValue }: CompletedFlag): string[] {
  const explained = help.replace(/[[\]:\\]/g, "\\$&");
  return names.map((name) => quote(`*${name}[${explained}]${takesValue ? ":value:_files" : ""}`));
}

const quote = (text: string): string => `'${text.replaceAll("'", `'\\''`)}'`;
