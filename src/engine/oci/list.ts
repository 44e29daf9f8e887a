// `list`: every container below the root.
import { O } from "../../../ffi/constants.ts";
import { openFile, readTextIfThere } from "../../../ffi/files.ts";
import { close } from "../../../ffi/unistd.ts";
import type { PrintedState } from "../../oci/state.ts";
import type { OciGlobals } from "./options.ts";
import { printedState } from "./state.ts";
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
    // Race: there is no record of a container that is only being made, or has just been deleted.
    const record = store.readIfThere(id);
    if (record === undefined) continue;
    const state = await printedState(record, store.folder(id));
    states.push({ ...state, owner: ownerName(record.ownerUid) });
  }
  return states;
}

/** The name of a user of this host; `#1000` for one without. passwd(5) */
function ownerName(uid: number): string {
  for (const line of (readTextIfThere("/etc/passwd") ?? "").split("\n")) {
    const [name = "", , id] = line.split(":");
    if (name !== "" && id === String(uid)) return name;
  }
  return `#${uid}`;
}
