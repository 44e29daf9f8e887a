// `kill`.
import { UserError } from "../../errors.ts";
import type { KillOptions, OciGlobals } from "./options.ts";

/** Sends a signal to a container. */
export async function killContainer(_options: KillOptions, _globals: OciGlobals): Promise<void> {
  throw new UserError("not there yet");
}
