// `bunker top` and `bunker container top`: the processes of one container, as docker has it; without one a
// live picture of all of them.
import { UserError } from "../../errors.ts";
import { type Command, makeCommand } from "../command.ts";
import { keepLines, runPs } from "../format/ps-table.ts";

/** What all of them can be sorted by. */
const SORT_KEYS = ["cpu", "memory", "network", "block", "pids", "name"] as const;
export type SortKey = (typeof SORT_KEYS)[number];

interface Draft {
  once: boolean;
  sort: SortKey;
}

const isSortKey = (text: string): text is SortKey => SORT_KEYS.some((key) => key === text);

export const topCommand: Command = makeCommand<Draft>({
  name: "top",
  summary: "Display the running processes of a container, or what all of them use",
  usage: "[flags] [CONTAINER [ps OPTIONS]]",
  description:
    "With a container: what ps(1) of this host prints, cut to the container's processes.\n\n" +
    "Without one: all that run, those first that use most, as `bunker stats` shows them; keys of the " +
    "last line sort them otherwise, the arrows choose one.",
  examples: [
    { does: "What uses most, as it goes", line: "bunker top" },
    {
      does: "What uses most memory now, for a script",
      line: "bunker top --sort memory --no-stream",
    },
    { does: "Pids and command lines of one", line: "bunker top web -o pid,args" },
  ],
  failureCode: 1,
  flags: {
    "no-stream": {
      type: "bool",
      group: "Flags",
      help: "Show once what all containers use, as a table",
      set: (draft, value) => {
        draft.once = value;
      },
    },
    sort: {
      type: "text",
      group: "Flags",
      fallback: "cpu",
      help: `Sort all containers by ${SORT_KEYS.join(", ")}`,
      set: (draft, text) => {
        if (!isSortKey(text)) throw new UserError(`must be one of ${SORT_KEYS.join(", ")}`);
        draft.sort = text;
      },
    },
  },
  operands: { min: 0 },
  interspersed: false,
  start: () => ({ once: false, sort: "cpu" }),
  run: async (draft, [name, ...psArgs], context) => {
    if (name === undefined) {
      const { showUsage } = await import("./stats.ts");
      return showUsage([], { ...draft, all: false, format: undefined, noTrunc: false }, context);
    }
    const pids = await (await context.engine.containers()).listPids(name);
    context.write(keepLines(await runPs(psArgs), pids));
    return 0;
  },
});
