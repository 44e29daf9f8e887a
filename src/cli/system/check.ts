// `bunker system check`
import type { Finding } from "../../engine/system/verbs.ts";
import { type Command, makeCommand } from "../command.ts";

interface Draft {
  repair: boolean;
  quick: boolean;
}

export const systemCheckCommand: Command = makeCommand<Draft>({
  name: "system check",
  summary: "Look for damage in what is kept, and repair it",
  usage: "[flags]",
  description: "Ends with 1 where something is wrong and was not repaired.",
  examples: [{ does: "Look, and mend what can be", line: "bunker system check --repair" }],
  failureCode: 1,
  flags: {
    repair: {
      type: "bool",
      short: "r",
      group: "Flags",
      help: "Repair what can be: what is damaged is taken away, to be pulled or loaded again",
      set: (draft, value) => {
        draft.repair = value;
      },
    },
    quick: {
      type: "bool",
      short: "q",
      group: "Flags",
      help: "Do not read all content to compare it with its digest",
      set: (draft, value) => {
        draft.quick = value;
      },
    },
  },
  operands: { min: 0, max: 0 },
  interspersed: true,
  start: () => ({ repair: false, quick: false }),
  run: async ({ repair, quick }, _operands, context) => {
    const system = await context.engine.system();
    const findings = await system.checkSystem({ repair, verify: !quick });
    for (const finding of findings) context.write(`${describe(finding)}\n`);
    const damage = findings.filter(({ isRepaired, isLeftover }) => !isRepaired && !isLeftover);
    if (findings.every(({ isLeftover }) => isLeftover)) context.write("No damage found\n");
    if (damage.length === 0) return 0;
    const canRepair = damage.some(({ repair: way }) => way !== undefined);
    if (!repair && canRepair) context.writeError("bunker: use --repair to mend what can be\n");
    return 1;
  },
});

function describe({ what, repair, isRepaired, isLeftover }: Finding): string {
  if (isRepaired) return `${what}: ${repair ?? "repaired"}`;
  return isLeftover === true ? `${what}: left over, 'bunker system prune' takes it away` : what;
}
