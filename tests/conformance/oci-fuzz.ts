// Ten thousand broken config.json files: `bun run tests/conformance/oci-fuzz.ts [COUNT [FIRST SEED]]`,
// as root; it ends with 1 if one of them makes the runtime crash, hang, or leave something.

import { FuzzCourse } from "../oci-runtime/fuzz-course.ts";
import { OciBox } from "../oci-runtime/oci-box.ts";
import { Box } from "../run/box.ts";

const [count = 10_000, first = 0] = process.argv.slice(2).map(Number);
const STEP = 500;
using place = new Box();
const box = new OciBox(place);
const course = new FuzzCourse(box);
let found = 0;
for (let seed = first; seed < first + count; seed += STEP) {
  const findings = await course.take(seed, Math.min(STEP, first + count - seed));
  found += findings.length;
  for (const finding of findings) console.log(JSON.stringify(finding));
  console.log(`${seed + STEP - first} tried, ${course.created} created, ${course.refused} refused`);
}
await box.clear();
process.exitCode = found === 0 ? 0 : 1;
