// `run`: its flags as the engine's options.
import { runContainer } from "../../../engine/oci/run.ts";
import { createOptions } from "../create-flags.ts";
import type { Verb } from "../verb.ts";

/**
 * Those of `create`, and three of its own. Start-up: written out, as the first object that is made of
 * another one takes 0.1 ms.
 */
export const RUN_FLAGS = {
  bundle: "text",
  config: "text",
  "console-socket": "text",
  "pidfd-socket": "text",
  "pid-file": "text",
  "no-pivot": "bool",
  "no-new-keyring": "bool",
  "preserve-fds": "int",
  detach: "bool",
  keep: "bool",
  "no-subreaper": "bool",
} as const;

/** `run`. */
export const runVerb: Verb = {
  name: "run",
  flags: RUN_FLAGS,
  aliases: { b: "bundle", d: "detach", f: "config" },
  operands: [1, 1],
  failure: "run failed",
  run: (line, { globals }) => runContainer(createOptions(line), globals),
};
