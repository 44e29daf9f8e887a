// `restore`: the processes of an image become those of a new container.
import { applySteps } from "../../../cgroups/steps.ts";
import { processStart } from "../../../ffi/agent/alive.ts";
import { MNT, MS, P_PID, W } from "../../../ffi/constants.ts";
import { setCloseOnExec } from "../../../ffi/fcntl.ts";
import {
  makeDirectory,
  readText,
  readTextIfThere,
  tryRemoveDirectory,
} from "../../../ffi/files.ts";
import { geteuid } from "../../../ffi/identity.ts";
import { mount, umount2 } from "../../../ffi/mount.ts";
import { shellStatus, waitid } from "../../../ffi/wait.ts";
import { UndoStack } from "../../container/undo-stack.ts";
import { UserError } from "../../errors.ts";
import { parseJson } from "../../oci/parse.ts";
import { type Bundle, readBundle } from "./bundle.ts";
import { outsideOf } from "./checkpoint.ts";
import { DESCRIPTORS_FILE, runCriu } from "./criu.ts";
import { type Inherited, restoreArguments, type RestoreOptions } from "./criu-options.ts";
import { deleteContainer } from "./delete.ts";
import { checkId } from "./id.ts";
import type { OciGlobals } from "./options.ts";
import { writePidFile } from "./pid-file.ts";
import { prepareBundle } from "./prepare.ts";
import { type LockedContainer, type OciRecord, OciStore } from "./store.ts";

export type { RestoreOptions } from "./criu-options.ts";

/**
 * @returns the exit code of the container's program; 0 with `detach`
 * @throws UserError where there is no such image, or criu cannot do it: then nothing is left
 */
export async function restoreContainer(
  options: RestoreOptions,
  globals: OciGlobals,
): Promise<number> {
  checkId(options.id);
  const bundle = readBundle(options.bundle);
  if (bundle.spec.process?.terminal === true) {
    throw new UserError("a container with a terminal cannot be restored yet");
  }
  const inherited = readInherited(options.imagePath);
  using undo = new UndoStack();
  const container = new OciStore(globals.root).reserve(options.id);
  undo.push(() => container[Symbol.dispose]());
  undo.push(() => container.remove());
  const initPid = await restoreInto(container, bundle, options, globals, inherited, undo);
  if (options.pidFile !== undefined) writePidFile(options.pidFile, initPid);
  undo.keep();
  container[Symbol.dispose]();
  if (options.detach) return 0;
  const status = waitid(P_PID, initPid, W.WEXITED);
  await deleteContainer({ id: options.id, force: true }, globals);
  return status === undefined ? 0 : shellStatus(status);
}

/** The pipes that the container had as stdin, stdout and stderr become ours. */
function readInherited(imagePath: string): Inherited {
  const path = `${imagePath}/${DESCRIPTORS_FILE}`;
  const text = readTextIfThere(path);
  if (text === undefined) {
    throw new UserError(`no checkpoint in ${imagePath}: open ${path}: no such file or directory`);
  }
  const json = parseJson(DESCRIPTORS_FILE, text);
  const inherited = new Map<string, number>();
  for (const [fd, what] of Array.isArray(json) ? json.entries() : []) {
    if (typeof what === "string" && what.startsWith("pipe:")) inherited.set(what, fd);
  }
  return inherited;
}

async function restoreInto(
  container: LockedContainer,
  bundle: Bundle,
  options: RestoreOptions,
  globals: OciGlobals,
  inherited: Inherited,
  undo: UndoStack,
): Promise<number> {
  const prepared = await prepareBundle(
    bundle,
    { ...options, preserveFds: 0, noPivot: false, noNewKeyring: false },
    globals,
    container.folder,
    undefined,
  );
  const { cgroups, cgroupsPath, ownCgroups } = prepared;
  undo.push(() => cgroups.remove(cgroupsPath));
  applySteps(prepared.cgroupSteps());
  using root = bindRoot(container.folder, bundle.rootfs);
  for (const fd of inherited.values()) setCloseOnExec(fd, false);
  const pidFile = `${container.folder}/criu.pid`;
  const outside = outsideOf(bundle.spec, bundle.rootfs);
  const args = restoreArguments(options, root.path, pidFile, outside, inherited);
  runCriu(args, "restore.log", options, globals);
  const initPid = Number(readText(pidFile));
  const record: OciRecord = {
    id: options.id,
    ociVersion: bundle.spec.ociVersion,
    status: "created",
    bundle: bundle.folder,
    rootfs: bundle.rootfs,
    created: `${new Date().toISOString().slice(0, -1)}000000Z`,
    cgroupsPath,
    initPid,
    initStart: processStart(initPid),
    ownerUid: geteuid(),
    ...(bundle.spec.annotations && { annotations: bundle.spec.annotations }),
    ...(ownCgroups !== undefined && { ownCgroups }),
  };
  container.writeSpec(bundle.text);
  container.record(record);
  return initPid;
}

/** criu wants a mount point that nothing is mounted over. */
function bindRoot(stateFolder: string, rootfs: string): Disposable & { readonly path: string } {
  const path = `${stateFolder}/criu-root`;
  makeDirectory(path, 0o755);
  mount(rootfs, path, null, MS.MS_BIND | MS.MS_REC, null);
  return {
    path,
    [Symbol.dispose]() {
      umount2(path, MNT.MNT_DETACH);
      tryRemoveDirectory(path);
    },
  };
}
