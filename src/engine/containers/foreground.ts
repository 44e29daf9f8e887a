// Containers of `run --rm` in the foreground: nothing of them is kept, but as long as they run they are
// shown, and can be stopped, paused and entered, as any other.

import { readTextIfThere } from "../../../ffi/files.ts";
import type { Spec } from "../../oci/spec.ts";
import { readDetails } from "../container-details.ts";
import { readOwnSpec } from "../own-spec.ts";
import { runFolder } from "../run-folder.ts";
import { makePlainOptions, type RootOption } from "../run-options.ts";
import { type ContainerRecord, isRunning, StateStore } from "../state-store.ts";
import { notedSeccomp } from "../spec-security.ts";
import type { KeptContainer, KeptStore } from "./kept.ts";
import { stateFolder } from "./running-record.ts";

/** undefined where it is kept, or does not run. */
export function findForeground(id: string, kept: KeptStore): KeptContainer | undefined {
  const record = new StateStore(runFolder(process.env)).readRecord(id);
  if (record === undefined || !isRunning(record) || kept.isKept(id)) return undefined;
  return describe(record);
}

/** All that run. @param keptIds those that need not be looked at */
export function listForeground(
  kept: KeptStore,
  keptIds: ReadonlySet<string> = new Set(kept.list()),
): KeptContainer[] {
  const found: KeptContainer[] = [];
  for (const id of new StateStore(runFolder(process.env)).list()) {
    if (keptIds.has(id)) continue;
    const container = findForeground(id, kept);
    if (container !== undefined) found.push(container);
  }
  return found;
}

function describe({ id, name, createdMs, initPid }: ContainerRecord): KeptContainer {
  const folder = stateFolder(id);
  // One that was replayed has written none.
  const spec = readOwnSpec(folder);
  const details = readDetails(folder);
  const plain = makePlainOptions();
  return {
    id,
    name,
    createdMs,
    options: {
      // The flags of the one that runs are not known.
      ...plain,
      // Security: who enters it is under its filter, not under a wider or a narrower one.
      security: { ...plain.security, seccomp: notedSeccomp(spec?.annotations) },
      remove: true,
      root: findRoot(spec, details?.image?.name),
      command: spec?.process?.args ?? readCommand(initPid),
      tty: spec?.process?.terminal ?? false,
    },
    ...(details?.image === undefined ? {} : { imageId: details.image.id }),
  };
}

function findRoot(spec: Spec | undefined, image: string | undefined): RootOption {
  if (image !== undefined) return { kind: "image", reference: image };
  const path = spec?.root?.path ?? "/";
  return path === "/" ? { kind: "host" } : { kind: "rootfs", path };
}

function readCommand(pid: number): readonly string[] {
  return (readTextIfThere(`/proc/${pid}/cmdline`) ?? "").split("\0").slice(0, -1);
}
