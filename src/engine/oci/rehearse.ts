// The same bundle a second time: what becomes of it is written down for the next one.

import { planContainer } from "../../container/plan.ts";
import { planCgroupSteps } from "../../container/plan-cgroup-steps.ts";
import type { StandIn } from "../../container/stand-ins.ts";
import {
  rehearseLaunch,
  writeEnterPlan,
  writePlan,
  type WrittenPlan,
} from "../../container/write-score.ts";
import type { Entry } from "../replay/kept.ts";
import { planFile } from "../replay/plan-files.ts";
import { findSpare } from "../replay/find-spare.ts";
import { keepRehearsed } from "../replay/rehearse.ts";
import { readBundle } from "./bundle.ts";
import { recordOf } from "./make.ts";
import { planExec } from "./exec-anew.ts";
import type { CreateOptions, ExecOptions, OciGlobals } from "./options.ts";
import { prepareBundle } from "./prepare.ts";
import type { BundleLaunch, Verb } from "./replay.ts";
import { type OciRecord, OciStore } from "./store.ts";

export async function rehearseBundle(
  entry: Entry,
  options: CreateOptions,
  globals: OciGlobals,
  verb: Verb,
): Promise<void> {
  const quiet = { ...globals, debug: () => undefined, warn: () => undefined };
  const waits = verb !== "run";
  await keepRehearsed(
    entry,
    () =>
      rehearseLaunch(options.id.length, (standIn) => planBundle(options, quiet, waits, standIn)),
    {
      publish: async (launch, arena) =>
        (await import("./publish-bundle.ts")).publishBundle(options, globals, verb, launch, arena),
    },
  );
}

/** undefined for a bundle that needs this process for more than waiting. */
export async function planBundle(
  options: CreateOptions,
  globals: OciGlobals,
  waits: boolean,
  { id, pid, gateFd }: StandIn,
): Promise<{ written: WrittenPlan; made: BundleLaunch } | undefined> {
  const own = { ...options, id };
  const bundle = readBundle(options.bundle, options.config);
  const { annotations, hooks, process } = bundle.spec;
  if (hooks !== undefined || process?.terminal === true) return undefined;
  // The caller's groups are looked at in a way that is not told of.
  if (annotations?.["run.oci.keep_original_groups"] !== undefined) return undefined;
  // Its stdio is to be given to it: see give-stdio.ts.
  if (process?.user.uid !== 0) return undefined;
  const folder = new OciStore(globals.root).folder(id);
  const prepared = await prepareBundle(bundle, own, globals, folder, waits ? gateFd : undefined);
  const { cgroups, features, listens, request, spec } = prepared;
  if (features !== undefined || listens) return undefined;
  if (cgroups.ignored(spec.linux?.resources ?? {}).length > 0) return undefined;
  const record = recordOf(own, bundle, prepared);
  const limits = planCgroupSteps(prepared.cgroupSteps());
  if (limits === undefined || record.sharesPids || request.cgroupJoin.how === "none") {
    return undefined;
  }
  const config = planFile(`${folder}/config.json`, bundle.text, 0o600);
  const first = [{ why: "what it was made from", calls: config }, ...limits];
  // Race: others may delete it at its end, so it is cleared by who has its lock.
  const written = writePlan(planContainer({ ...request, parentPid: pid }), { first, clear: [] });
  if (written === undefined) return undefined;
  const { oomScoreAdj } = spec.process ?? {};
  const spare = waits ? undefined : findSpare(globals.root, "spare-oci");
  const made = {
    standInId: id,
    cgroupDirectories: record.cgroupDirectories ?? [],
    record: JSON.stringify(record),
    ...(oomScoreAdj === undefined ? {} : { oomScoreAdj }),
    ...(spare === undefined ? {} : { spare }),
  };
  return { written, made };
}

/** An exec's id is its container's, of which no part is in the plan. */
export async function rehearseExec(
  entry: Entry,
  options: ExecOptions,
  globals: OciGlobals,
  record: OciRecord,
): Promise<void> {
  const quiet = { ...globals, debug: () => undefined, warn: () => undefined };
  await keepRehearsed(
    entry,
    () =>
      rehearseLaunch(0, async ({ id, pid }) => {
        const { listener, plan, process } = await planExec(options, quiet, record, pid);
        // Its stdio is to be given to it: see give-stdio.ts.
        if (listener !== undefined || process.user.uid !== 0) return undefined;
        const written = writeEnterPlan(plan, options.detach);
        if (written === undefined) return undefined;
        return { written, made: { standInId: id, cgroupDirectories: [] } };
      }),
    {
      publish: async (launch, arena) =>
        (await import("./publish-exec.ts")).publishExec(options, globals, record, launch, arena),
    },
  );
}
