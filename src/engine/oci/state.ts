// `state`: what the specification and runc's additions to it say of a container.

import { prepareErrno } from "../../../ffi/library.ts";
import type { PrintedState } from "../../oci/state.ts";
import type { OciGlobals } from "./options.ts";
import { statusOf } from "./status.ts";
import { type OciRecord, OciStore } from "./store.ts";

/** @throws UserError where there is no such container */
export async function readState(id: string, globals: OciGlobals): Promise<PrintedState> {
  prepareErrno();
  const store = new OciStore(globals.root);
  return await printedState(store.read(id), store.folder(id));
}

/** The fields in runc's order. */
export async function printedState(record: OciRecord, folder: string): Promise<PrintedState> {
  const { ociVersion, id, initPid, bundle, rootfs, created, annotations } = record;
  const status = await statusOf(record, folder);
  return {
    ociVersion,
    id,
    pid: status === "stopped" ? 0 : initPid,
    status,
    bundle,
    rootfs,
    created,
    ...(annotations === undefined ? {} : { annotations }),
    owner: "",
  };
}
