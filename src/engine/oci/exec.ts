// `exec`.
import { UserError } from "../../errors.ts";
import type { ExecOptions, OciGlobals } from "./options.ts";

/** Runs a program in a container; its exit code. */
export async function execInContainer(
  _options: ExecOptions,
  _globals: OciGlobals,
): Promise<number> {
  throw new UserError("not there yet");
}
