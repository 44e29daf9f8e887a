// The same process a second time: what executes it is written down for the next one.

import { rehearseLaunch, writeEnterPlan } from "../../container/write-score.ts";
import { SPEC_FILE } from "../own-spec.ts";
import type { Entry } from "../replay/kept.ts";
import { keepRehearsed } from "../replay/rehearse.ts";
import { planExec } from "./exec-anew.ts";
import type { ExecRequest } from "./exec.ts";
import { stateFolder } from "./running-record.ts";

/** Keeps what enters the container; or that it is not replayed. */
export async function rehearseExec(entry: Entry, request: ExecRequest): Promise<void> {
  const { record, options } = request;
  const folder = stateFolder(record.id);
  await keepRehearsed(
    entry,
    () =>
      rehearseLaunch(0, async ({ id, pid }) => {
        const { plan } = await planExec(request, pid);
        const written = writeEnterPlan(plan, options.detach);
        return written && { written, made: { standInId: id, cgroupDirectories: [] } };
      }),
    // The key says which start of the container it is: what that was made from does not change.
    { inKey: `${folder}/${SPEC_FILE}` },
  );
}
