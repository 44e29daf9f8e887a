// `bunker top` and `bunker container top`: the processes of one container, as docker has it; without one a
// live picture of all of them.
import { UserError } from "../../errors.ts";
import { type Command, type CommandContext, makeCommand } from "../command.ts";
import { keepLines, runPs } from "../format/ps-table.ts";
import type { SortKey } from "./usage-table.ts";

interface Draft {
  once: boolean;
  sort: SortKey;
}

const SORT_KEYS: readonly string[] = ["cpu", "memory", "network", "block", "pids", "name"];

const isSortKey = (text: string): text is SortKey => SORT_KEYS.includes(text);

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
    if (name === undefined) return showAll(draft, context);
    const pids = await (await context.engine.containers()).listPids(name);
    context.write(keepLines(await runPs(psArgs), pids));
    return 0;
  },
});

async function showAll({ once, sort }: Draft, context: CommandContext): Promise<number> {
  const { INTERVAL_MS, makeReader, printTables } = await import("./stats.ts");
  const { findAbilities } = await import("../live/place.ts");
  const read = makeReader(await (await context.engine.containers()).usageReader(), [], false);
  const place = once ? undefined : findAbilities(context.env);
  if (place !== undefined) {
    const { showPicture } = await import("../live/screen.ts");
    const { UsagePicture } = await import("./usage-picture.ts");
    return showPicture(new UsagePicture(read, { sort, place }), place, INTERVAL_MS);
  }
  const { sortRows } = await import("./usage-table.ts");
  const draft = { format: undefined, noTrunc: false, once };
  return printTables(read, draft, context, (usages, history) => {
    const rows = usages.map(({ container: { id, name } }) => {
      return { id, name, samples: history.samples(id) };
    });
    const ids = sortRows(rows, sort, false).map(({ id }) => id);
    return usages.toSorted((a, b) => ids.indexOf(a.container.id) - ids.indexOf(b.container.id));
  });
}
