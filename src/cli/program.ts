// The command line of this process, and what of it a replayed run needs after all.
import type { RunOptions } from "../engine/run-options.ts";
import type { Engine } from "./engine.ts";
import { libcFiles } from "./libc-files.ts";
import { main, report } from "./main.ts";
import { makeProcessContext } from "./process-context.ts";

/** Returns the exit code; never throws. @param argv what follows the program's name */
export function runProgram(argv: readonly string[], engine: Engine): Promise<number> {
  return main(argv, makeProcessContext(engine, libcFiles));
}

/** Prints what went wrong with a replayed run, and returns its exit code. */
export function reportFailure(error: unknown, engine: Engine): Promise<number> {
  return report(error, makeProcessContext(engine, libcFiles));
}

/** Returns the options of a `run` to be written down: what they were made from is told of. */
export async function parseNoting(
  argv: readonly string[],
  engine: Engine,
): Promise<RunOptions | undefined> {
  const { makeNotingContext } = await import("./noting-context.ts");
  const context = makeNotingContext(makeProcessContext(engine, libcFiles));
  return (await import("./run.ts")).parseRun(argv, context);
}
