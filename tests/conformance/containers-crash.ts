// The whole crash course of kept containers: SIGKILL at each system call of each verb, then ps -a, rm -f
// and system prune. `bun run tests/conformance/containers-crash.ts [STRIDE [VERB]]`, as root; it ends with
// 1 if anything is wrong or left.

import { CrashCourse, VERBS } from "../containers/crash-course.ts";
import { Box } from "../run/box.ts";

const [stride = "1", only] = process.argv.slice(2);
using box = new Box(true);
using course = new CrashCourse(box);
let count = 0;
for (const verb of VERBS.filter((each) => only === undefined || each === only)) {
  const remains = await course.take(verb, Number(stride));
  count += remains.length;
  console.log(`${verb}: ${remains.length} kills left something`);
  for (const { moment, problems } of remains) console.log(`  ${moment}: ${problems.join("; ")}`);
}
console.log(`${course.killed} were killed, ${course.survived} went another way`);
process.exitCode = count === 0 ? 0 : 1;
