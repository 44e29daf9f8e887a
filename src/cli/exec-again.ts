// `exec` as it was executed before: then nothing of the command line is loaded. See mod.ts.
import { type ExecAsked, replayExecWords } from "../engine/containers/replay-exec-words.ts";
import type { ContainerVerbs, Engine } from "./engine.ts";

/** Returns the exit code; never throws. @param argv what follows the program's name */
export async function execAgain(
  argv: readonly string[],
  makeEngine: () => Engine,
): Promise<number> {
  try {
    const { exitCode, afterwards } = await replayExecWords(argv.slice(1));
    if (exitCode !== undefined) return exitCode;
    const { runProgram } = await import("./program.ts");
    const engine = new NotingEngine(makeEngine());
    const code = await runProgram(argv, engine.noting);
    if (engine.asked !== undefined) await afterwards?.(engine.asked);
    return code;
  } catch (error) {
    return (await import("./program.ts")).reportFailure(error, makeEngine());
  }
}

/** The engine, with an eye on what it is asked to execute. */
class NotingEngine {
  /** What has been executed. */
  asked: ExecAsked | undefined;

  constructor(private readonly engine: Engine) {}

  get noting(): Engine {
    return { ...this.engine, containers: async () => this.#note(await this.engine.containers()) };
  }

  #note(verbs: ContainerVerbs): ContainerVerbs {
    return {
      ...verbs,
      execInContainer: async (text, options) => {
        const code = await verbs.execInContainer(text, options);
        this.asked = { text, options };
        return code;
      },
    };
  }
}
