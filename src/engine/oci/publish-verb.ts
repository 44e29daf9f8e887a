// The preludes of `start` and `delete` (src/container/prelude/oci-verb-tapes.ts): made when the same words but
// for the id come a second time, of a container that needs no more than every one.

import { runtime } from "#runtime";
import { readVariable } from "../../../ffi/environment.ts";
import { readTextIfThere } from "../../../ffi/files.ts";
import { geteuid } from "../../../ffi/identity.ts";
import { writeDelete, writeStart } from "../../container/prelude/oci-verb-tapes.ts";
import { makeStandIns } from "../../container/stand-ins.ts";
import { findKept, keep } from "../replay/kept.ts";
import { buildOf } from "../replay/launch.ts";
import { takeTurn } from "../replay/prelude/again.ts";
import { publishPrelude, readOwnWords } from "../replay/prelude/publish.ts";
import { runFolder } from "../run-folder.ts";
import { checkFolder } from "./folder-checks.ts";
import type { OciGlobals } from "./options.ts";
import { tellsMore } from "./publish-bundle.ts";
import { formatFixed, formatStatus, INIT_KEY } from "./record-text.ts";
import { LEAST_ID_LENGTH } from "./replay.ts";
import type { OciRecord } from "./store.ts";

/** @param record as it was, with a cgroup that is still there for `start` */
export function publishVerb(
  verb: "start" | "delete",
  record: OciRecord,
  globals: OciGlobals,
): void {
  const fixed = formatFixed(record);
  const { id } = record;
  if (!runtime.isCompiled() || geteuid() !== 0 || fixed === undefined) return;
  if (id.length < LEAST_ID_LENGTH || globals.root.includes(id)) return;
  const [{ id: standInId }] = makeStandIns(id.length);
  const words = new TextDecoder().decode(readOwnWords()).replaceAll(id, standInId);
  const folder = runFolder({ BUNKER_RUN: readVariable("BUNKER_RUN") });
  using found = findKept(folder, `${buildOf()} ${words}`);
  // Refused: there was one, which is gone by now, or not for this caller.
  const entry = { path: found.path, key: found.key, failures: 0 };
  if (found.file === undefined) return keep(entry);
  if (found.file.kept.refused === true && !takeTurn(found.file.fd)) return;
  publish(verb, { record, fixed, standInId }, globals, folder);
  keep(entry, { refused: true });
}

interface About {
  readonly record: OciRecord;
  readonly fixed: string;
  readonly standInId: string;
}

function publish(
  verb: "start" | "delete",
  { record, fixed, standInId }: About,
  { log, root }: OciGlobals,
  folder: string,
): void {
  const { id, cgroupDirectories = [] } = record;
  const named = (text: string): string => text.replaceAll(id, standInId);
  const freezer = findFreezer(cgroupDirectories);
  publishPrelude({
    runFolder: folder,
    open: id,
    standInId,
    make(prelude, line, boot) {
      const checks = checkFolder(prelude.words, root);
      if (checks === undefined) return undefined;
      if (line.open.length === 0 || tellsMore(prelude.words)) return undefined;
      const tape = {
        ...prelude,
        ...{ line, root, checks },
        ...(log === undefined ? {} : { log: named(log) }),
        cgroupDirectories: cgroupDirectories.map(named),
        record: named(`${fixed}${formatStatus("created")}${INIT_KEY}`),
      };
      if (verb === "delete") return writeDelete(tape, boot);
      if (freezer === undefined) return undefined;
      const own = { path: named(freezer.path), text: freezer.text };
      return writeStart({ ...tape, freezer: own }, boot);
    },
  });
}

/** What tells that nothing is frozen, and the whole text while an init process waits. */
interface Freezer {
  readonly file: string;
  readonly sign: string;
  readonly text: string;
}

/** cgroup-v1/freezer-subsystem.rst; cgroup-v2.rst, cgroup.events. Race: by now it may have ended. */
const FREEZERS: readonly Freezer[] = [
  { file: "freezer.state", sign: "THAWED\n", text: "THAWED\n" },
  { file: "cgroup.events", sign: "frozen 0\n", text: "populated 1\nfrozen 0\n" },
];

/** The file that tells whether a container with those cgroups is frozen; undefined where it is. */
export function findFreezer(
  directories: readonly string[],
): { readonly path: string; readonly text: string } | undefined {
  for (const directory of directories) {
    for (const { file, sign, text } of FREEZERS) {
      const path = `${directory}/${file}`;
      if (readTextIfThere(path)?.endsWith(sign) === true) return { path, text };
    }
  }
  return undefined;
}
