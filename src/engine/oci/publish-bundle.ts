// The prelude of a bundle that was just written down (src/container/prelude/oci-tape.ts).

import { readVariable } from "../../../ffi/environment.ts";
import { listForwarded } from "../../../ffi/forward-signals.ts";
import { writeBundle } from "../../container/prelude/oci-tape.ts";
import type { KeptLaunch } from "../replay/kept.ts";
import { findChecks } from "../replay/prelude/checks-of.ts";
import { OCI_ANEW_COMMAND, OCI_ENDED_COMMAND } from "../replay/prelude/ended-command.ts";
import { publishPrelude } from "../replay/prelude/publish.ts";
import { runFolder } from "../run-folder.ts";
import { checkFolder } from "./folder-checks.ts";
import type { CreateOptions, OciGlobals } from "./options.ts";
import { formatFixed, formatRest, formatStatus, INIT_KEY } from "./record-text.ts";
import { type BundleLaunch, mayHavePrelude, type Verb } from "./replay.ts";
import type { OciRecord } from "./store.ts";

export function publishBundle(
  options: CreateOptions,
  globals: OciGlobals,
  verb: Verb,
  launch: KeptLaunch<BundleLaunch>,
  arena: Uint8Array,
): void {
  const { observations, oomScoreAdj, score, spare, standInId } = launch;
  const record = { ...(JSON.parse(launch.record) as OciRecord), created: "" };
  const fixed = formatFixed(record);
  if (fixed === undefined || oomScoreAdj !== undefined || score.stats === undefined) return;
  if (!mayHavePrelude(options, globals, verb)) return;
  const { id, bundle, pidFile } = options;
  const { log, root } = globals;
  const named = (text: string): string => text.replaceAll(id, standInId);
  publishPrelude({
    runFolder: runFolder({ BUNKER_RUN: readVariable("BUNKER_RUN") }),
    open: id,
    standInId,
    make(prelude, line, boot) {
      const observed = findChecks(observations, standInId);
      const told = pidFile === undefined ? [bundle] : [bundle, named(pidFile)];
      const folder = checkFolder(prelude.words, root, told);
      if (observed === undefined || folder === undefined) return undefined;
      if (line.open.length === 0 || tellsMore(prelude.words)) return undefined;
      const checks = [...folder, ...observed];
      const tape = {
        ...prelude,
        ...{ line, root, checks, score, arena },
        cgroupDirectories: record.cgroupDirectories ?? [],
        record: {
          fixed,
          creating: `${formatStatus("creating")}${INIT_KEY}`,
          created: `${formatStatus("created")}${INIT_KEY}`,
          rest: formatRest(record),
        },
        signals: listForwarded(),
        anew: OCI_ANEW_COMMAND,
        ended: OCI_ENDED_COMMAND,
        ...(pidFile === undefined ? {} : { pidFile: named(pidFile) }),
        ...(log === undefined ? {} : { log: named(log) }),
        ...(spare === undefined ? {} : { spare }),
      };
      return writeBundle(tape, verb === "create", boot);
    },
  });
}

/** Whether more is to be told than that something has failed. */
export const tellsMore = (words: readonly string[]): boolean =>
  words.some((word) => word.startsWith("--debug") || word.startsWith("-debug"));
