// The whole test run: `bun tests/run.ts [--vm] [FILTER]`, as build.sh starts it. Each stage prints its
// failures, its counts and why it skipped what it skipped; the last line has the sum.

import { leftSince, takeInventory } from "./harness/leftovers.ts";
import { withoutNetnsFolder } from "./harness/netns-folder.ts";
import {
  NOTHING,
  type Result,
  addResults,
  formatCounts,
  formatSlowest,
} from "./harness/run-files.ts";
import {
  IN_GUEST,
  type Stage,
  WHOLLY_IN_GUEST,
  WHOLLY_IN_GUESTS,
  guestStages,
  hostStages,
  virtualStages,
  wholeGuestStages,
} from "./harness/stages.ts";
import { slowness } from "./harness/tier.ts";

const SLOWEST = 15;

async function perform(stage: Stage, filter: string): Promise<Result> {
  console.log(`# ${stage.name}`);
  const start = performance.now();
  const result = await stage.perform();
  const seconds = ((performance.now() - start) / 1000).toFixed(1);
  for (const reason of result.reasons) console.log(reason);
  console.log(`${stage.name}: ${formatCounts(result)} in ${seconds} s`);
  const times = result.times.map(({ file, seconds }) => ({
    file: `${file} (${stage.name})`,
    seconds,
  }));
  const nothing = result.passed + result.failed === 0;
  if (!nothing || !stage.mustRun || filter !== "") return { ...result, times };
  console.log(`${stage.name}: nothing of it was run`);
  return addResults(result, { ...NOTHING, failed: 1 });
}

async function performInTurn(stages: readonly Stage[], filter: string): Promise<Result> {
  let total = NOTHING;
  for (const stage of stages) total = addResults(total, await perform(stage, filter));
  return total;
}

function stagesFor(word: string | undefined, filter: string): readonly Stage[] {
  switch (word) {
    case IN_GUEST:
      return guestStages(filter);
    case WHOLLY_IN_GUEST:
      return wholeGuestStages(filter);
    case WHOLLY_IN_GUESTS:
      return virtualStages(filter);
    default:
      return hostStages(filter);
  }
}

async function main(args: readonly string[]): Promise<number> {
  const [word] = args[0]?.startsWith("--") === true ? args : [undefined];
  const filter = (word === undefined ? args[0] : args[1]) ?? "";
  using _netns = withoutNetnsFolder();
  const before = takeInventory();
  const stages = stagesFor(word, filter);
  const parts = await Promise.all(
    [false, true].map((isBeside) =>
      performInTurn(
        stages.filter((stage) => stage.isBeside === isBeside),
        filter,
      ),
    ),
  );
  let total = parts.reduce(addResults, NOTHING);
  const left = await leftSince(before);
  for (const line of left) console.log(`left behind: ${line}`);
  if (left.length > 0) total = addResults(total, { ...NOTHING, failed: 1 });
  if (total.passed + total.failed + total.skipped === 0) {
    console.log(`no test file has "${filter}" in its path`);
    total = { ...total, failed: 1 };
  }
  const slowest = slowness() > 1 ? [] : formatSlowest(total.times, SLOWEST);
  if (slowest.length > 1) console.log(["# slowest files", ...slowest].join("\n"));
  console.log(formatCounts(total));
  return total.failed === 0 ? 0 : 1;
}

process.exitCode = await main(process.argv.slice(2));
