// The files of a replayed container, as its agent makes them and takes them away.

import { type Call, Slot, type Step } from "../../../ffi/call.ts";
import { AT_FDCWD, close, mkdirat, openat, write } from "../../../ffi/calls.ts";
import { AT, O } from "../../../ffi/constants.ts";
import { EEXIST } from "../../../ffi/errno.ts";
import { DETAILS_FILE } from "../container-details.ts";
import type { Prepared } from "../prepare.ts";
import type { RunOptions } from "../run-options.ts";

/** The files of a container, in three parts. */
export interface FilesPlan {
  /** Its writable layer, where it has one. */
  readonly layer: Step;
  /** What is mounted in it: to be made before its init process. */
  readonly mounted: Step;
  /** What others are told by. */
  readonly told: Step;
}

/** What this process writes of a container in a network, as its addresses are in it. */
const OF_NETWORK = ["hosts", "resolv.conf"];

/**
 * The container's files in its state folder, and its writable layer.
 * @param kept the folder of what is kept of it, where anything is
 */
export function planFiles(
  { etcFiles, request, spec, storage }: Prepared,
  { networking }: Pick<RunOptions, "networking">,
  folder: string,
  kept?: string,
): FilesPlan {
  const layer: Call[] = [];
  const mounted: Call[] = [];
  const told: Call[] = [];
  if (storage?.plain !== undefined) {
    const { folders, details } = storage.plain();
    // What is kept of a container is there before its layer.
    for (const [path, mode] of folders) {
      layer.push(mkdirat(AT_FDCWD, path, mode, path === kept ? { tolerate: [EEXIST] } : {}));
    }
    for (const at of kept === undefined ? [folder] : [folder, kept]) {
      told.push(...planFile(`${at}/${DETAILS_FILE}`, details, 0o600));
    }
  }
  if (request.rootSource.kind === "host") {
    mounted.push(mkdirat(AT_FDCWD, `${folder}/scratch`, 0o700));
  }
  for (const { name, text } of etcFiles) {
    if (networking !== undefined && OF_NETWORK.includes(name)) continue;
    mounted.push(...planFile(`${folder}/${name}`, text, 0o644));
  }
  told.push(...planFile(`${folder}/config.json`, JSON.stringify(spec), 0o600));
  return {
    layer: { why: "what the container changes", calls: layer },
    mounted: { why: "what is mounted in the container, in its state folder", calls: mounted },
    told: { why: "what others know it by", calls: told },
  };
}

/** Their number and names are those of the state folder, but for the record. */
export function planRemoveFiles({ etcFiles, request, storage }: Prepared, folder: string): Call[] {
  const calls: Call[] = [];
  if (storage !== undefined) calls.push(planRemove(`${folder}/${DETAILS_FILE}`, 0));
  for (const { name } of etcFiles) calls.push(planRemove(`${folder}/${name}`, 0));
  calls.push(planRemove(`${folder}/config.json`, 0));
  if (request.rootSource.kind === "host") calls.push(planRemoveDirectory(`${folder}/scratch`));
  return calls;
}

export const planRemoveDirectory = (path: string): Call => planRemove(path, AT.AT_REMOVEDIR);

const planRemove = (path: string, flags: number): Call => ({
  name: "unlinkat",
  args: [AT_FDCWD, path, flags],
  tolerate: "any",
});

export function planFile(path: string, text: string, mode: number): Call[] {
  const fd = new Slot(path);
  const flags = O.O_WRONLY | O.O_CREAT | O.O_TRUNC;
  return [
    openat(AT_FDCWD, path, flags, { into: fd }, mode),
    ...(text === "" ? [] : [write(fd, text, { path })]),
    close(fd),
  ];
}
