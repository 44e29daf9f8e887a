// `delete`.
import { UserError } from "../../errors.ts";
import type { DeleteOptions, OciGlobals } from "./options.ts";

/** Removes a container. */
export async function deleteContainer(
  _options: DeleteOptions,
  _globals: OciGlobals,
): Promise<void> {
  throw new UserError("not there yet");
}
