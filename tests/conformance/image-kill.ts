// Images when things go wrong: load, pull, commit and rmi, each killed at 50 moments
// (tests/image/kill-course.ts); load, pull, import and commit, each with 50 amounts of room on the disk
// (tests/images/full-disk.ts). `bun tests/conformance/image-kill.ts [COUNT]`, as root. Ends with 1 if a
// store was not whole.

import { KillCourse, VERBS } from "../image/kill-course.ts";
import { FILLING_VERBS, FullDisk } from "../images/full-disk.ts";

const count = Number(process.argv[2] ?? 50);
let failures = 0;

function tell(what: string, problems: readonly string[]): void {
  failures += problems.length;
  console.log(`${what}, ${problems.length} problems`);
  for (const problem of problems.slice(0, 20)) console.log(`  ${problem}`);
}

for (const verb of VERBS) {
  using course = new KillCourse("/var/tmp");
  const problems = await course.take(verb, count);
  tell(`${verb}: ${course.killed} killed, ${course.survived} ended before`, problems);
}
await using disk = await FullDisk.open();
for (const verb of FILLING_VERBS) {
  const { hits, problems } = await disk.take(verb, count);
  tell(`${verb}: ${hits} of ${count} times the disk was full`, problems);
}
process.exitCode = failures === 0 ? 0 : 1;
