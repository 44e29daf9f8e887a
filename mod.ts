// The entry point of the program, and what the library exports.

import { runtime } from "#runtime";
import type { Engine } from "./src/cli/engine.ts";
import { _exit } from "./ffi/exit.ts";

export type { RunOptions } from "./src/engine/run-options.ts";

/**
 * Runs a container; its exit code. What `bunker run` does, for programs that import this.
 * Start-up: loaded when it is called, as whatever is exported here is else loaded at each start.
 */
export const run: Engine["runContainer"] = async (options) =>
  (await import("./src/engine/run.ts")).runContainer(options);

// Start-up: a function, as a call of the OCI runtime or a replayed run has no use for it.
const makeEngine = (): Engine => ({
  runContainer: run,
  explainRun: async (...args) => (await import("./src/engine/explain.ts")).explainRun(...args),
  unshare: async (options) => (await import("./src/engine/unshare.ts")).unshare(options),
  enterNamespaces: async (options) =>
    (await import("./src/engine/enter.ts")).enterNamespaces(options),
  clone: async (options) => (await import("./src/engine/clone.ts")).clone(options),
  containers: async () => import("./src/engine/containers/verbs.ts"),
  images: async () => import("./src/engine/images/verbs.ts"),
  networks: async () => import("./src/engine/networks/verbs.ts"),
  volumes: async () => import("./src/engine/volumes/verbs.ts"),
  system: async () => import("./src/engine/system/verbs.ts"),
});

if (import.meta.main) {
  let argv = runtime.argv();
  if (argv[0]?.startsWith("internal-") === true) {
    const code = await (await import("./src/engine/hidden.ts")).performHidden(argv);
    if (code !== undefined) _exit(code);
    if (argv[0] === "internal-ended") _exit(await endRun(argv));
    if (argv[0] === "internal-oci-ended") {
      _exit(await (await import("./src/engine/oci/after-prelude.ts")).finishEnded(argv.slice(1)));
    }
    if (argv[0] === "internal-oci-anew") {
      await (await import("./src/engine/oci/after-prelude.ts")).takeBack(argv.slice(1));
      argv = argv.slice(3);
    }
  }
  const called = ociName(runtime.argv0());
  if (called !== "" || argv[0] === "oci") {
    const { runOci } = await import("./src/cli/oci/main.ts");
    _exit(await (called === "" ? runOci(argv.slice(1), "bunker oci") : runOci(argv, called)));
  }
  if (argv[0] === "run" && runtime.isCompiled()) _exit(await runAgain(argv));
  if (argv[0] === "exec" && runtime.isCompiled()) {
    const { execAgain } = await import("./src/cli/exec-again.ts");
    _exit(await execAgain(argv, makeEngine));
  }
  _exit(await runProgram(argv));
}

async function runProgram(argv: readonly string[]): Promise<number> {
  return (await import("./src/cli/program.ts")).runProgram(argv, makeEngine());
}

/** The engine failed, or refused: nothing has been run that could be replayed. */
const FAILED = 125;

/**
 * `run` as it was run before: then nothing of the command line is loaded. Only of the executable can
 * it be told whether it is the same that wrote something down.
 */
async function runAgain(argv: readonly string[]): Promise<number> {
  const words = argv.slice(1);
  const parse = async (asked: readonly string[] = words) =>
    (await import("./src/cli/program.ts")).parseNoting(asked, makeEngine());
  try {
    const { replayRun } = await import("./src/engine/replay/replay.ts");
    const { exitCode, afterwards } = await replayRun(words, parse);
    if (exitCode !== undefined) return exitCode;
    const code = await runProgram(argv);
    if (code !== FAILED) await afterwards?.();
    return code;
  } catch (error) {
    return (await import("./src/cli/program.ts")).reportFailure(error, makeEngine());
  }
}

/** The end of a run that a prelude has performed: see src/engine/replay/prelude/ended.ts. */
async function endRun([, , ...words]: readonly string[]): Promise<number> {
  const parse = async (asked: readonly string[] = words) =>
    (await import("./src/cli/program.ts")).parseNoting(asked, makeEngine());
  try {
    return await (await import("./src/engine/replay/prelude/ended.ts")).finishEnded(parse);
  } catch (error) {
    return (await import("./src/cli/program.ts")).reportFailure(error, makeEngine());
  }
}

/** What the program was called by, where that asks for the OCI command line; else "". */
function ociName(argv0: string): string {
  const name = argv0.slice(argv0.lastIndexOf("/") + 1);
  return name === "bunker-oci" || name === "runc" || name === "crun" ? name : "";
}
