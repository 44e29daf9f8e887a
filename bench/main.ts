// How every bench starts: its command line, its namespaces, and what is told where it cannot be done.

import { UserError } from "../src/errors.ts";
import { isolate } from "./isolate.ts";
import { type BenchOptions, parseOptions } from "./options.ts";

interface BenchProgram {
  /** What --help prints. */
  readonly usage: string;
  /** Unless --rounds says so; 50 by itself. */
  readonly rounds?: number;
  /** More namespaces than that of mounts: flags of unshare(1). */
  readonly apart?: readonly string[];
  /** The exit status: 1 where a bar is missed and that was asked for. */
  readonly bench: (options: BenchOptions) => Promise<number> | number;
}

/** The exit status: that of the bench, 2 for a wrong request. */
export async function startBench(
  argv: readonly string[],
  { usage, rounds, apart, bench }: BenchProgram,
): Promise<number> {
  try {
    const options = parseOptions(argv, rounds);
    if (options.help) {
      process.stdout.write(usage);
      return 0;
    }
    return isolate(apart) ?? (await bench(options));
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
    process.stderr.write(`bench: ${error.message}\n${error.hint ? `  ${error.hint}\n` : ""}`);
    return 2;
  }
}
