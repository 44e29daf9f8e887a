// `list`: every container below the root.
import { O } from "../../../ffi/constants.ts";
import { openFile, readTextIfThere } from "../../../ffi/files.ts";
import { isSyscallError } from "../../../ffi/syscall-error.ts";
import { close } from "../../../ffi/unistd.ts";
import { UserError } from "../../errors.ts";
import type { PrintedState } from "../../oci/state.ts";
import type { OciGlobals } from "./options.ts";
import { readState } from "./state.ts";
import { OciStore } from "./store.ts";

export type { PrintedState } from "../../oci/state.ts";

/**
 * The states of all containers, sorted by id, with their owners' names.
 * @param rootMayMiss whether a root that is not there is one without containers
 * @throws SyscallError where it is not there, and may not be missing
 */
export async function listContainers(
  globals: OciGlobals,
  rootMayMiss: boolean,
): Promise<PrintedState[]> {
  if (!rootMayMiss) close(openFile(globals.root, O.O_PATH | O.O_DIRECTORY));
  const store = new OciStore(globals.root);
  const states: PrintedState[] = [];
  for (const id of store.list()) {
    const state = await readOne(store, id, globals);
    if (state !== undefined) states.push(state);
  }
  return states;
}

/** Race: undefined for a container that is only being made, or has just been deleted. */
async function readOne(
  store: OciStore,
  id: string,
  globals: OciGlobals,
): Promise<PrintedState | undefined> {
  const record = store.readIfThere(id);
  if (record === undefined) return undefined;
  try {
    return { ...(await readState(id, globals)), owner: ownerName(record.ownerUid) };
  } catch (error) {
    if (store.readIfThere(id) === undefined) return undefined;
    if (!(error instanceof UserError) && !isSyscallError(error)) throw error;
    globals.warn(`cannot read the state of container ${id}: ${error.message}`);
    return undefined;
  }
}

/** The name of a user of this host; `#1000` for one without. passwd(5) */
function ownerName(uid: number): string {
  for (const line of (readTextIfThere("/etc/passwd") ?? "").split("\n")) {
    const [name = "", , id] = line.split(":");
    if (name !== "" && id === String(uid)) return name;
  }
  return `#${uid}`;
}
