// `create`.
import { UserError } from "../../errors.ts";
import type { CreateOptions, OciGlobals } from "./options.ts";

/** Makes a container that waits for `start`. */
export async function createContainer(
  _options: CreateOptions,
  _globals: OciGlobals,
): Promise<void> {
  throw new UserError("not there yet");
}
