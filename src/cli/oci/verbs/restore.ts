// `restore`: its flags as the engine's options.
import { restoreContainer, type RestoreOptions } from "../../../engine/oci/restore.ts";
import { CRIU_FLAGS, criuOptions } from "../criu-flags.ts";
import type { Line } from "../parse.ts";
import { absolutePath } from "../paths.ts";
import type { Verb } from "../verb.ts";

/** `restore`. */
export const restoreVerb: Verb = {
  name: "restore",
  flags: {
    ...CRIU_FLAGS,
    "console-socket": "text",
    bundle: "text",
    detach: "bool",
    "pid-file": "text",
    "no-subreaper": "bool",
    "no-pivot": "bool",
    "lsm-profile": "text",
    "lsm-mount-context": "text",
  },
  aliases: { b: "bundle", d: "detach" },
  operands: [1, 1],
  run: (line, { globals }) => restoreContainer(restoreOptions(line), globals),
};

/** @throws UserError */
export function restoreOptions(line: Line): RestoreOptions {
  const pidFile = line.text("pid-file");
  const lsmProfile = line.text("lsm-profile");
  const lsmMountContext = line.text("lsm-mount-context");
  return {
    ...criuOptions(line),
    bundle: absolutePath(line.text("bundle")),
    detach: line.bool("detach"),
    ...(pidFile !== "" && { pidFile: absolutePath(pidFile) }),
    ...(lsmProfile !== "" && { lsmProfile }),
    ...(lsmMountContext !== "" && { lsmMountContext }),
  };
}
