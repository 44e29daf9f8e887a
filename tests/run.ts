// The whole test run: `bun tests/run.ts [FILTER]`, as build.sh starts it. Each stage prints its
// failures, its counts and why it skipped what it skipped; the last line has the sum.

import { leftSince, takeInventory } from "./harness/leftovers.ts";
import { NOTHING, type Result, addResults, formatCounts } from "./harness/run-files.ts";
import { type Stage, guestStages, hostStages } from "./harness/stages.ts";

async function perform(stage: Stage, filter: string): Promise<Result> {
  console.log(`# ${stage.name}`);
  const start = performance.now();
  const result = await stage.perform();
  const seconds = ((performance.now() - start) / 1000).toFixed(1);
  for (const reason of result.reasons) console.log(reason);
  console.log(`${stage.name}: ${formatCounts(result)} in ${seconds} s`);
  const nothing = result.passed + result.failed === 0;
  if (!nothing || !stage.mustRun || filter !== "") return result;
  console.log(`${stage.name}: nothing of it was run`);
  return addResults(result, { ...NOTHING, failed: 1 });
}

async function main(args: readonly string[]): Promise<number> {
  const inGuest = args[0] === "--guest";
  const filter = (inGuest ? args[1] : args[0]) ?? "";
  const before = takeInventory();
  let total = NOTHING;
  for (const stage of inGuest ? guestStages(filter) : hostStages(filter)) {
    total = addResults(total, await perform(stage, filter));
  }
  const left = await leftSince(before);
  for (const line of left) console.log(`left behind: ${line}`);
  if (left.length > 0) total = addResults(total, { ...NOTHING, failed: 1 });
  if (total.passed + total.failed === 0) {
    console.log(`no test file has "${filter}" in its path`);
    total = { ...total, failed: 1 };
  }
  console.log(formatCounts(total));
  return total.failed === 0 ? 0 : 1;
}

process.exitCode = await main(process.argv.slice(2));
