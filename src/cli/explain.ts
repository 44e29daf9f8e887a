// `bunker explain run …`: the plan of a command instead of its performance.
import { UserError } from "../errors.ts";
import { makeCommand, type CommandContext } from "./command.ts";
import type { ExplainFormat } from "../engine/tool-options.ts";
import { parseRun, runCommand } from "./run.ts";

interface ExplainDraft {
  format: ExplainFormat;
}

/** `bunker explain`. */
export const explainCommand = makeCommand<ExplainDraft>({
  name: "explain",
  summary: "Show each step that a command would perform, and why",
  usage: "[flags] run [flags of run] ...",
  description:
    "Prints the system calls with their flags by name, in order, and why each is there. Nothing is " +
    "performed, and no privilege is needed.",
  examples: [
    { does: "The steps of a container", line: "bunker explain run --rootfs ./debian /bin/true" },
    { does: "The same for a program", line: "bunker explain --format json run /bin/sh" },
  ],
  flags: {
    format: {
      type: "text",
      group: "Output",
      placeholder: "text|json",
      fallback: "text",
      help: "How the plan is printed",
      set: (draft, text) => {
        if (text !== "text" && text !== "json") throw new UserError("must be text or json");
        draft.format = text;
      },
    },
  },
  operands: { min: 1 },
  interspersed: false,
  start: () => ({ format: "text" }),
  run: explain,
});

async function explain(
  draft: ExplainDraft,
  operands: readonly string[],
  context: CommandContext,
): Promise<number> {
  const [verb, ...argv] = operands;
  if (verb !== "run") {
    throw new UserError(
      `'${verb}' cannot be explained`,
      "write 'bunker explain run ...' with the flags of run",
    );
  }
  const options = parseRun(argv, context);
  if (options === undefined) return runCommand.execute(["--help"], context);
  return context.engine.explainRun(options, draft.format);
}
