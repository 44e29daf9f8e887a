// `bunker oci`: a row of the registry for what mod.ts goes to at once.
import type { Command } from "./command.ts";

/** `bunker oci`. */
export const ociCommand: Command = {
  words: {
    name: "oci",
    summary: "Speak the command line of an OCI runtime, as runc does",
    usage: "[global options] COMMAND [command options] [arguments...]",
    description:
      "Container engines call it: the executable is a runtime for them under the names bunker-oci, " +
      "runc and crun, too. 'bunker oci --help' lists its commands, 'bunker oci COMMAND --help' their " +
      "flags.",
    examples: [
      { does: "A bundle's config.json to begin with", line: "bunker oci spec" },
      { does: "Its container", line: "bunker oci run one" },
    ],
  },
  flags: {},
  execute: async (argv) => (await import("./oci/main.ts")).runOci(argv, "bunker oci"),
};
