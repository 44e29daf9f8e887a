// `state`.
import { UserError } from "../../errors.ts";
import type { PrintedState } from "../../oci/state.ts";
import type { OciGlobals } from "./options.ts";

/** How a container is. */
export async function readState(_id: string, _globals: OciGlobals): Promise<PrintedState> {
  throw new UserError("not there yet");
}
