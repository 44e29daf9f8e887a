// The completion for bash: one function with a table of the commands in it.
import { type CompletedCommand, LISTS } from "./words.ts";

/** Returns the script. */
export function formatBash(commands: readonly CompletedCommand[]): string {
  const groups = commands.filter(({ children }) => children.length > 0);
  const all = commands.flatMap((command) => [command, ...command.children]);
  return `# bash completion for bunker: source <(bunker completion bash)
_bunker() {
  local current=\${COMP_WORDS[COMP_CWORD]} previous=\${COMP_WORDS[COMP_CWORD-1]}
  local command= flags= valued= words=
  COMPREPLY=()
  ((COMP_CWORD > 1)) && command=\${COMP_WORDS[1]}
  case $command in
    ${groups.map(({ path }) => path).join("|")})
      ((COMP_CWORD > 2)) && command+=" \${COMP_WORDS[2]}" ;;
  esac
  case $command in
    '') words='${namesOf(commands)}' flags='--help --version' ;;
${all.map(formatCase).join("\n")}
  esac
  [[ $valued == *" $previous "* ]] && return
  if [[ $current == -* ]]; then
    COMPREPLY=($(compgen -W "$flags --help" -- "$current"))
    return
  fi
  case $words in
${Object.entries(LISTS)
  .map(([kind, list]) => `    @${kind}) words=$(${list} 2>/dev/null) ;;`)
  .join("\n")}
  esac
  COMPREPLY=($(compgen -W "$words" -- "$current"))
  # A colon is a word of its own for bash, unless it is taken out of what separates words.
  if [[ $current == *:* && $COMP_WORDBREAKS == *:* ]]; then
    COMPREPLY=("\${COMPREPLY[@]#"\${current%"\${current##*:}"}"}")
  fi
}
complete -o default -F _bunker bunker
`;
}

const namesOf = (commands: readonly CompletedCommand[]): string =>
  commands.map(({ path }) => path.slice(path.lastIndexOf(" ") + 1)).join(" ");

function formatCase({ path, flags, operands, children }: CompletedCommand): string {
  const valued = flags.filter(({ takesValue }) => takesValue).flatMap(({ names }) => names);
  const parts = [
    `words='${children.length > 0 ? namesOf(children) : formatOperands(operands)}'`,
    `flags='${flags.flatMap(({ names }) => names).join(" ")}'`,
    ...(valued.length > 0 ? [`valued=' ${valued.join(" ")} '`] : []),
  ];
  return `    '${path}') ${parts.join(" ")} ;;`;
}

function formatOperands(operands: CompletedCommand["operands"]): string {
  if (typeof operands !== "string") return operands.join(" ");
  return operands === "files" ? "" : `@${operands}`;
}
