// `run`: its flags as the engine's options.
import { runContainer } from "../../../engine/oci/run.ts";
import { CREATE_FLAGS, createOptions } from "../create-flags.ts";
import type { Verb } from "../verb.ts";

/** `run`. */
export const runVerb: Verb = {
  name: "run",
  flags: { ...CREATE_FLAGS, detach: "bool", keep: "bool", "no-subreaper": "bool" },
  aliases: { b: "bundle", d: "detach", f: "config" },
  operands: [1, 1],
  failure: "run failed",
  run: (line, { globals }) => {
    const options = {
      ...createOptions(line),
      detach: line.bool("detach"),
      keep: line.bool("keep"),
    };
    return runContainer(options, globals);
  },
};
