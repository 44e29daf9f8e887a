// `run`.
import { UserError } from "../../errors.ts";
import type { OciGlobals, RunOptions } from "./options.ts";

/** Makes and starts a container; the exit code of its program. */
export async function runContainer(_options: RunOptions, _globals: OciGlobals): Promise<number> {
  throw new UserError("not there yet");
}
