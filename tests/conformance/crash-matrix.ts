// The crash matrix: whoever dies, in whatever phase of a container's life, the next commands are right and
// `rm -f` works. Prints a table of victims and phases; ends with 1 if anything was wrong. As root:
//
//   bun tests/conformance/crash-matrix.ts [COUNT [VICTIM [PHASE]]]

import { isolate } from "../../bench/isolate.ts";
import { CrashMatrix, PHASES, VICTIMS } from "../containers/crash-matrix.ts";
import { Box } from "../run/box.ts";

// Mounts of others, such as of cgroup hierarchies, are not to come and go meanwhile.
const status = isolate();
if (status !== undefined) process.exit(status);

const WIDTH = 14;
const [count = "100", onlyVictim, onlyPhase] = process.argv.slice(2);
const wanted = (name: string, only: string | undefined): boolean =>
  only === undefined || only === "" || only === name;

using box = new Box(true);
using matrix = new CrashMatrix(box);
const details: string[] = [];
const rows: string[] = [["", ...PHASES].map((text) => text.padEnd(WIDTH)).join("")];
for (const victim of VICTIMS.filter((name) => wanted(name, onlyVictim))) {
  const row: string[] = [victim];
  for (const phase of PHASES) {
    if (!wanted(phase, onlyPhase)) {
      row.push("-");
      continue;
    }
    const { hits, problems } = await matrix.take(victim, phase, Number(count));
    row.push(problems.length === 0 ? `${hits} right` : `${problems.length} WRONG`);
    for (const { moment, problems: found } of problems) {
      details.push(`${moment}: ${found.map((text) => text.slice(0, 300)).join("; ")}`);
      console.error(details.at(-1));
    }
  }
  rows.push(row.map((text) => text.padEnd(WIDTH)).join(""));
  console.error(rows.at(-1));
}
console.log(rows.join("\n"));
process.exitCode = details.length === 0 ? 0 : 1;
