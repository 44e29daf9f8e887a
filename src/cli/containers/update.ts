// `bunker update`: other limits for containers that are there.
import { UserError } from "../../errors.ts";
import { type Command, makeCommand } from "../command.ts";
import { forEachOperand } from "../each.ts";
import type { FlagTable } from "../flag.ts";
import { checkLimits } from "../run/check.ts";
import { type RunDraft, startDraft } from "../run/draft.ts";
import { limitFlags } from "../run/limit-flags.ts";
import { processFlags } from "../run/process-flags.ts";

/** Those of `run` that a container can have later as well. */
const LIMITS = [
  "blkio-weight",
  "cpu-period",
  "cpu-quota",
  "cpu-rt-period",
  "cpu-rt-runtime",
  "cpu-shares",
  "cpus",
  "cpuset-cpus",
  "cpuset-mems",
  "memory",
  "memory-reservation",
  "memory-swap",
  "pids-limit",
];

export const updateCommand: Command = makeCommand<RunDraft>({
  name: "update",
  summary: "Update configuration of one or more containers",
  usage: "[flags] CONTAINER [CONTAINER...]",
  description:
    "What is not named stays as it is. The new limits hold at once where the container runs, and at " +
    "each of its later starts; the restart policy from its next end on.",
  examples: [
    { does: "Twice the memory", line: "bunker update --memory 1g web" },
    { does: "Start it again at boot", line: "bunker update --restart always web db" },
  ],
  failureCode: 1,
  refused: { "kernel-memory": "the kernel has given it up; use --memory" },
  flags: pickFlags(),
  operands: { min: 1 },
  interspersed: true,
  start: startDraft,
  run: async ({ options: { resources, restart } }, names, context) => {
    if (Object.keys(resources).length === 0 && restart === undefined) {
      throw new UserError("you must provide one or more flags when using this command");
    }
    const changes = { resources, ...(restart === undefined ? {} : { restart }) };
    const { updateContainer } = await context.engine.containers();
    return forEachOperand(names, context, async (name) => {
      await updateContainer(name, changes, (all) => checkLimits(all, context));
      context.write(`${name}\n`);
    });
  },
});

function pickFlags(): FlagTable<RunDraft> {
  const picked = Object.entries({ ...limitFlags, ...processFlags }).filter(
    ([name]) => LIMITS.includes(name) || name === "restart",
  );
  return Object.fromEntries(picked);
}
