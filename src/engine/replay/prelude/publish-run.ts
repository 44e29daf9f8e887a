// The prelude of a run in the foreground that was just written down.

import { listForwarded } from "../../../../ffi/forward-signals.ts";
import { encodeText } from "../../../../ffi/text.ts";
import { ROW_COUNT, type Row } from "../../../container/prelude/rows.ts";
import { writeRun } from "../../../container/prelude/run-tape.ts";
import { dataFolder } from "../../data-folder.ts";
import { CONFIG_FILE } from "../../kept-folder.ts";
import { makeId, makeName } from "../../names.ts";
import type { KeptLaunch } from "../kept.ts";
import { findChecks } from "./checks-of.ts";
import { ENDED_COMMAND, type EndedLaunch } from "./ended-command.ts";
import { isForPrelude } from "./is-for-prelude.ts";
import { publishPrelude } from "./publish.ts";

export function publishRun(runFolder: string, launch: KeptLaunch, arena: Uint8Array): void {
  if (!isForPrelude(launch)) return;
  const { cgroupsPath, name, observations, score, spare, standInId } = launch;
  publishPrelude({
    runFolder,
    standInId,
    make(prelude, _line, boot) {
      const checks = findChecks(observations, standInId);
      if (checks === undefined) return undefined;
      const run = {
        ...prelude,
        ...{ checks, score, arena, cgroupsPath },
        containers: `${runFolder}/containers`,
        names: `${runFolder}/names`,
        kept: `${dataFolder(process.env)}/containers`,
        keptFile: CONFIG_FILE,
        afterwards: ENDED_COMMAND,
        end: encodeText(`${JSON.stringify(findEnd(launch))}\n`),
        signals: listForwarded(),
        ...(name === undefined ? {} : { name }),
        ...(spare === undefined ? {} : { spare }),
      };
      return writeRun(run, makeRows(), boot);
    },
  });
}

const findEnd = ({ cgroupDirectories, score, spare, standInId }: KeptLaunch): EndedLaunch => ({
  ...{ cgroupDirectories, score, standInId },
  ...(spare === undefined ? {} : { spare }),
});

function makeRows(): Row[] {
  return Array.from({ length: ROW_COUNT }, () => {
    const id = makeId();
    return { prefix: id.slice(0, 8), name: makeName(id, 0) };
  });
}
