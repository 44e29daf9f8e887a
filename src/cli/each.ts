// Commands that do the same to each of their operands: one that fails does not stop the others.
import { UserError } from "../errors.ts";
import type { CommandContext } from "./command.ts";

/**
 * Does it to each; 1 where any failed, with its own message, 0 otherwise.
 * @param isPassedOver says of a failure that it is told of, and is none
 */
export async function forEachOperand(
  operands: readonly string[],
  context: CommandContext,
  act: (operand: string) => void | Promise<void>,
  isPassedOver: (error: unknown) => boolean = () => false,
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
      if (!isPassedOver(error)) exitCode = 1;
    }
  }
  return exitCode;
}
