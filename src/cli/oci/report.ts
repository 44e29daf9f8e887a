// What is said of a failure, and the exit code that goes with it: one line for the log, which its
// readers take apart, and where that is a file the bare text on stderr as well.
import { UserError } from "../../errors.ts";
import { libcFiles } from "../libc-files.ts";
import { describeError } from "../report.ts";
import { Log } from "./log.ts";
import { UsageError } from "./parse.ts";
import type { Verb } from "./verb.ts";

const FAILED = 1;
const EXEC_FAILED = 255;

/** Reports the failure of a verb. */
export async function report(
  error: unknown,
  verb: Verb,
  program: string,
  log: Log,
): Promise<number> {
  if (error instanceof UsageError) {
    const { formatVerbHelp } = await import("./help.ts");
    const said = isCount(error) ? "Incorrect Usage.\n\n" : `Incorrect Usage: ${error.message}\n\n`;
    libcFiles.write(1, said + formatVerbHelp(verb, program));
    tell(error, "", log);
    return FAILED;
  }
  const { failure } = verb;
  if (failure === "exec failed") {
    tell(error, "exec failed: ", log);
    return EXEC_FAILED;
  }
  tell(error, failure === undefined ? "" : `${program} ${failure}: `, log);
  return FAILED;
}

/** Reports what was wrong before there was a verb, or a log. */
export async function reportGlobals(error: unknown, program: string): Promise<number> {
  const log = new Log({ file: undefined, format: "text", debug: false });
  if (error instanceof UsageError) {
    const { formatHelp } = await import("./help.ts");
    libcFiles.write(1, `Incorrect Usage. ${error.message}\n\n${formatHelp(program)}`);
  }
  tell(error, "", log);
  return FAILED;
}

/** Says that there is no such verb. */
export function reportUnknown(word: string, log: Log): number {
  tell(new UserError(`No help topic for '${word}'`), "", log);
  return 3;
}

function isCount(error: UsageError): boolean {
  return error.message.endsWith(" argument(s)");
}

// A hint is for a person: it goes to stderr alone, as podman wants the log to be a single record.
function tell(error: unknown, prefix: string, log: Log): void {
  const { message, hint, stack } = describeError(error);
  if (stack !== undefined) log.write("debug", stack);
  log.write("error", prefix + message);
  if (!log.toStderr) libcFiles.write(2, `${prefix}${message}\n`);
  if (hint !== undefined) libcFiles.write(2, `  hint: ${hint}\n`);
}
