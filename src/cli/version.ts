// `bunker version` and `bunker --version`.
import manifest from "../../package.json" with { type: "json" };
import { makeCommand } from "./command.ts";

/** `bunker version`. */
export const versionCommand = makeCommand<undefined>({
  name: "version",
  summary: "Show the version",
  usage: "",
  flags: {},
  operands: { min: 0, max: 0 },
  interspersed: true,
  start: () => undefined,
  run: async (_draft, _operands, context) => {
    context.write(`bunker version ${manifest.version}\n`);
    return 0;
  },
});
