// The whole course of tests/image/kill-course.ts: load, pull, commit and rmi, each killed at 50 moments.
// `bun tests/conformance/image-kill.ts [COUNT]`, as root. Ends with 1 if a store was not whole.

import { KillCourse, VERBS } from "../image/kill-course.ts";

const count = Number(process.argv[2] ?? 50);
let failures = 0;
for (const verb of VERBS) {
  using course = new KillCourse("/var/tmp");
  const problems = await course.take(verb, count);
  failures += problems.length;
  console.log(
    `${verb}: ${course.killed} killed, ${course.survived} ended before, ${problems.length} problems`,
  );
  for (const problem of problems.slice(0, 20)) console.log(`  ${problem}`);
}
process.exitCode = failures === 0 ? 0 : 1;
