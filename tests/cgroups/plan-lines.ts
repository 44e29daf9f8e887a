// Plans as lines of text, so that a golden plan reads like what it does.

import type { CgroupStep } from "../../cgroups/steps.ts";

/** A line for each step; what follows `?` is optional, what follows `|` the second choice. */
export function planLines(steps: readonly CgroupStep[]): string[] {
  return steps.map(planLine);
}

function planLine(step: CgroupStep): string {
  switch (step.op) {
    case "write": {
      const mark = step.optional === true ? "write?" : "write";
      const second = step.otherwise;
      const otherwise = second === undefined ? "" : ` | ${second.path} ${second.value}`;
      return `${mark} ${step.path} ${step.value}${otherwise}`;
    }
    case "delegate":
      return `delegate ${step.directory} [${step.controllers}] needs [${step.required}]`;
    case "attach-device-filter":
      return `filter ${step.path} ${step.policy.exceptions.length} exceptions`;
    default:
      return `${step.op} ${step.path}`;
  }
}
