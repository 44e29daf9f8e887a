// What a verb of the OCI command line is: a value, from which its line is parsed and it is run. The
// words of its help page are in help/, which nobody loads who does not ask for it.
import type { OciGlobals } from "../../engine/oci/options.ts";
import type { Line, Syntax } from "./parse.ts";

/** A verb; `run` gives the exit code. */
export interface Verb extends Syntax {
  readonly name: string;
  /** How many operands there must be; Infinity for any number. */
  readonly operands: readonly [min: number, max: number];
  /** What a failure is said to be: "create failed" after the program's name, "exec failed" alone. */
  readonly failure?: "create failed" | "run failed" | "exec failed";
  run(line: Line, context: OciContext): Promise<number>;
}

/** What a verb has besides its line. */
export interface OciContext {
  readonly globals: OciGlobals;
  /** Whether --root was given. */
  readonly rootGiven: boolean;
  /** Writes to stdout. */
  write(text: string): void;
}
