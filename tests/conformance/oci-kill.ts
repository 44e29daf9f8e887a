// The whole kill course: SIGKILL at each system call of each verb of the OCI runtime, and of what is performed
// in its place, then delete --force. `bun run tests/conformance/oci-kill.ts [STRIDE]`, as root; it ends with 1
// if anything is left.

import { Box } from "../run/box.ts";
import { KillCourse, PRELUDED, VERBS } from "../oci-runtime/kill-course.ts";
import { OciBox } from "../oci-runtime/oci-box.ts";

const [stride = 1] = process.argv.slice(2).map(Number);
using place = new Box();
const box = new OciBox(place);
let count = 0;
for (const whom of ["prelude", "runtime"] as const) {
  using course = new KillCourse(box, whom);
  for (const verb of whom === "prelude" ? PRELUDED : VERBS) {
    const remains = await course.take(verb, stride);
    count += remains.length;
    console.log(`${verb}, ${whom}: ${remains.length} kills left something`);
    for (const { moment, problems } of remains) console.log(`  ${moment}: ${problems.join("; ")}`);
  }
  console.log(`${whom}: ${course.killed} were killed, ${course.survived} went another way`);
}
await box.clear();
process.exitCode = count === 0 ? 0 : 1;
