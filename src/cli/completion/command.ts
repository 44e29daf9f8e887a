// `bunker completion`
import { UserError } from "../../errors.ts";
import { type Command, makeCommand } from "../command.ts";
import { commands } from "../commands.ts";
import { formatBash } from "./bash.ts";
import { formatFish } from "./fish.ts";
import { type CompletedCommand, listCompleted } from "./words.ts";
import { formatZsh } from "./zsh.ts";

const SHELLS = new Map<string, (commands: readonly CompletedCommand[]) => string>([
  ["bash", formatBash],
  ["zsh", formatZsh],
  ["fish", formatFish],
]);

export const completionCommand: Command = makeCommand<undefined>({
  name: "completion",
  summary: "Print a shell's completion of bunker's command lines",
  usage: "bash|zsh|fish",
  description:
    "Commands and flags are completed, and the names of containers, images and the like.",
  examples: [
    { does: "In ~/.bashrc", line: "source <(bunker completion bash)" },
    { does: "In ~/.zshrc, after compinit", line: "source <(bunker completion zsh)" },
    {
      does: "For fish, once",
      line: "bunker completion fish > ~/.config/fish/completions/bunker.fish",
    },
  ],
  failureCode: 1,
  flags: {},
  operands: { min: 1, max: 1 },
  interspersed: true,
  start: () => undefined,
  run: async (_draft, [shell = ""], context) => {
    const format = SHELLS.get(shell);
    if (format === undefined) {
      throw new UserError(`"${shell}" is not a shell that can be completed`, "bash, zsh or fish");
    }
    context.write(format(await listCompleted(commands)));
    return 0;
  },
});
