// Commands that do the same to each of their operands: one that fails does not stop the others.
import { UserError } from "../errors.ts";
import type { CommandContext } from "./command.ts";

/** Does it to each; 1 where any failed, with its own message, 0 otherwise. */
export async function forEachOperand(
  operands: readonly string[],
  context: CommandContext,
  act: (operand: string) => void | Promise<void>,
): Promise<number> {
  let exitCode = 0;
  for (const operand of operands) {
    try {
      await act(operand);
    } catch (error) {
      const isWorlds = error instanceof Error && "code" in error;
      if (!(error instanceof UserError) && !isWorlds) throw error;
      const { formatError } = await import("./report.ts");
      context.writeError(formatError(error).text);
      exitCode = 1;
    }
  }
  return exitCode;
}
