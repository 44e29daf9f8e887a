// `start`.
import { UserError } from "../../errors.ts";
import type { OciGlobals } from "./options.ts";

/** Lets the program of a created container begin. */
export async function startContainer(_id: string, _globals: OciGlobals): Promise<void> {
  throw new UserError("not there yet");
}
