// The full crash course: 200 runs in a row, 20 of them killed at random moments, 8 in parallel.
// Not part of the daily tests: `bun run tests/conformance/crash.ts [RUNS KILLED PARALLEL]`, as root,
// on a host where nobody else runs containers; it ends with 1 if anything is left.

import { Box } from "../run/box.ts";
import { takeCourse } from "../run/crash-course.ts";

const [runs = 200, killed = 20, parallel = 8] = process.argv.slice(2).map(Number);
using box = new Box();
const remains = await takeCourse(box, { runs, killed, parallel });
console.log(JSON.stringify(remains, undefined, 2));
process.exitCode = Object.values(remains).some((list) => list.length > 0) ? 1 : 0;
