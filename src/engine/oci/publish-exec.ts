// The prelude of an `exec` of the OCI runtime that was just written down (src/container/prelude/enter-tape.ts):
// of one whose words say all, in a container that is called by its id in its cgroup's path.

import { readVariable } from "../../../ffi/environment.ts";
import { readTextIfThere } from "../../../ffi/files.ts";
import { listForwarded } from "../../../ffi/forward-signals.ts";
import type { Check } from "../../container/prelude/checks.ts";
import { writeEnter } from "../../container/prelude/enter-tape.ts";
import { makeStandIns } from "../../container/stand-ins.ts";
import type { KeptLaunch, LaunchBasis } from "../replay/kept.ts";
import { checkContents, findChecks } from "../replay/prelude/checks-of.ts";
import { publishPrelude } from "../replay/prelude/publish.ts";
import { runFolder } from "../run-folder.ts";
import type { ExecOptions, OciGlobals } from "./options.ts";
import { tellsMore } from "./publish-bundle.ts";
import { findFreezer } from "./publish-verb.ts";
import { type OciRecord, OciStore } from "./store.ts";

const STAND_IN_LENGTH = 16;

export function publishExec(
  { detach, pidFile, process }: ExecOptions,
  { root }: OciGlobals,
  record: OciRecord,
  launch: KeptLaunch<LaunchBasis>,
  arena: Uint8Array,
): void {
  if (pidFile !== undefined || process !== undefined) return;
  const [{ id: standInId }] = makeStandIns(STAND_IN_LENGTH);
  publishPrelude({
    runFolder: runFolder({ BUNKER_RUN: readVariable("BUNKER_RUN") }),
    standInId,
    make(prelude, _line, boot) {
      const checks = checkContainer(new OciStore(root).folder(record.id), record);
      const observed = findChecks(launch.observations, launch.standInId);
      if (checks === undefined || observed === undefined || tellsMore(prelude.words)) {
        return undefined;
      }
      const own = { checks: [...checks, ...observed], score: launch.score, arena, detach };
      const enter = { ...prelude, ...own, interactive: true, signals: listForwarded() };
      return writeEnter(enter, boot);
    },
  });
}

/** It is the one that it was, its init process is there, and it is not frozen. */
function checkContainer(folder: string, record: OciRecord): Check[] | undefined {
  const { cgroupDirectories = [], id, initPid } = record;
  const state = checkContents(`${folder}/state.json`);
  const path = `/proc/${initPid}/cgroup`;
  const cgroup = readTextIfThere(path);
  const freezer = findFreezer(cgroupDirectories);
  if (state === undefined || cgroup?.includes(id) !== true || freezer === undefined) {
    return undefined;
  }
  return [state, checkText(path, cgroup), checkText(freezer.path, freezer.text)];
}

const checkText = (path: string, text: string): Check => ({
  kind: "text",
  path,
  bytes: new TextEncoder().encode(text),
});
