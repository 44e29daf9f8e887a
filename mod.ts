// The entry point of the program, and what the library exports.

import { runtime } from "#runtime";
import { main } from "./src/cli/main.ts";
import { nodeFiles } from "./src/cli/node-files.ts";
import { makeProcessContext } from "./src/cli/process-context.ts";
import type { Engine } from "./src/cli/engine.ts";
import { _exit } from "./ffi/unistd.ts";

export { runContainer as run } from "./src/engine/run.ts";
export type { RunOptions } from "./src/engine/run-options.ts";

const engine: Engine = {
  runContainer: async (options) => (await import("./src/engine/run.ts")).runContainer(options),
  explainRun: async () => 1,
  unshare: async () => 1,
  enterNamespaces: async () => 1,
  clone: async () => 1,
};

if (import.meta.main) {
  _exit(await main(runtime.argv(), makeProcessContext(engine, nodeFiles)));
}
