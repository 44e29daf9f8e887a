// Kills a run that is performed before the runtime starts at each of its system calls. Not part of the daily
// tests: `bun run tests/conformance/prelude-crash.ts [STRIDE OFFSET]`, as root, on a host where nobody
// else runs containers; it ends with 1 if anything is left.

import { Box } from "../run/box.ts";
import { PreludeCourse, VICTIMS } from "../run/prelude-course.ts";

const [stride = 1, offset = 0] = process.argv.slice(2).map(Number);
using box = new Box();
using course = new PreludeCourse(box);
let isLeft = false;
// What has changed a moment ago is not relied on: src/engine/replay/prelude/checks-of.ts
await Bun.sleep(100);
for (const victim of VICTIMS) {
  const remains = await course.take(victim, stride, offset);
  isLeft ||= remains.length > 0 || !course.isPreluded;
  console.log(victim, course.isPreluded, JSON.stringify(remains, undefined, 2));
}
const how = course.isPreluded ? "without the runtime" : "by the runtime";
console.log(`${how}: ${course.killed} killed, ${course.survived} not`);
process.exitCode = isLeft ? 1 : 0;
