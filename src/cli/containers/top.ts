// `bunker top` and `bunker container top`
import { type Command, makeCommand } from "../command.ts";
import { keepLines, runPs } from "../format/ps-table.ts";

export const topCommand: Command = makeCommand<Record<never, never>>({
  name: "top",
  summary: "Display the running processes of a container",
  usage: "CONTAINER [ps OPTIONS]",
  description: "What ps(1) of this host prints, cut to the container's processes.",
  examples: [{ does: "Their pids and command lines", line: "bunker top web -o pid,args" }],
  failureCode: 1,
  flags: {},
  operands: { min: 1 },
  interspersed: false,
  start: () => ({}),
  run: async (_draft, [name = "", ...psArgs], context) => {
    const pids = (await context.engine.containers()).listPids(name);
    context.write(keepLines(await runPs(psArgs), pids));
    return 0;
  },
});
