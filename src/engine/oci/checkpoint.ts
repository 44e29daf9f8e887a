// `checkpoint`: the processes of a container are written to files, and then it is deleted.
import { AT_FDCWD } from "../../../ffi/constants.ts";
import { isDirectory, readLink, writeText } from "../../../ffi/files.ts";
import { statx } from "../../../ffi/stat.ts";
import { UserError } from "../../errors.ts";
import type { Spec } from "../../oci/spec.ts";
import { cgroupsOf } from "./cgroups-of.ts";
import { checkParentPath, DESCRIPTORS_FILE, runCriu } from "./criu.ts";
import {
  type CheckpointOptions,
  dumpArguments,
  mountsFromOutside,
  type Outside,
} from "./criu-options.ts";
import { deleteContainer } from "./delete.ts";
import type { OciGlobals } from "./options.ts";
import { statusOf } from "./status.ts";
import { type OciRecord, OciStore } from "./store.ts";

export type { CheckpointOptions } from "./criu-options.ts";

/** @throws UserError where it does not run, or criu cannot do it */
export async function checkpointContainer(
  options: CheckpointOptions,
  globals: OciGlobals,
): Promise<void> {
  const store = new OciStore(globals.root);
  const record = store.read(options.id);
  const status = await statusOf(record, store.folder(options.id));
  if (status !== "running" && status !== "paused") {
    throw new UserError(`Container cannot be checkpointed in ${status} state`);
  }
  checkParentPath(options.imagePath, options.parentPath);
  const spec = await store.readSpec(options.id);
  const outside = outsideOf(spec, `/proc/${record.initPid}/root`);
  const freezer = freezerOf(record);
  const known = { ...outside, ...(freezer === "" ? {} : { freezer }) };
  const args = dumpArguments(options, record.initPid, record.rootfs, known);
  const descriptors = [0, 1, 2].map((fd) => readLink(`/proc/${record.initPid}/fd/${fd}`) ?? "");
  runCriu(args, "dump.log", options, globals);
  if (options.preDump) return;
  writeText(`${options.imagePath}/${DESCRIPTORS_FILE}`, JSON.stringify(descriptors));
  if (!options.leaveRunning) await deleteContainer({ id: options.id, force: true }, globals);
}

const freezerOf = (record: OciRecord): string =>
  record.cgroupsPath === "" ? "" : cgroupsOf(record).freezer(record.cgroupsPath);

/** @param root where the container's files are seen from here */
export function outsideOf(spec: Spec, root: string): Outside {
  const mounts = mountsFromOutside(spec, (path) => isDirectory(root + path));
  const path = spec.linux?.namespaces?.find(({ type }) => type === "network")?.path ?? "";
  if (path === "") return { mounts };
  return { mounts, network: { path, inode: String(statx(AT_FDCWD, path, 0).inode) } };
}
