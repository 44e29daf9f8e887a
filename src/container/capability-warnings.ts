// What of the capabilities asked for cannot be given, and is left out with a warning. Pure.

import { capabilityNumber } from "../../ffi/capability.ts";
import type { Capabilities } from "../oci/spec.ts";
import { isRaisable } from "./plan-process.ts";

const SETS = ["bounding", "effective", "inheritable", "permitted", "ambient"] as const;

/** A line for each warning, in runc's words, which callers look for. */
export function listCapabilityWarnings(capabilities: Capabilities): string[] {
  const unknown = new Set<string>();
  for (const set of SETS) {
    for (const name of capabilities[set] ?? []) {
      if (capabilityNumber(name) === undefined) unknown.add(name);
    }
  }
  const lines: string[] = [];
  if (unknown.size > 0) {
    lines.push(`ignoring unknown or unavailable capabilities: [${[...unknown].join(" ")}]`);
  }
  for (const name of capabilities.ambient ?? []) {
    if (unknown.has(name) || isRaisable(name, capabilities)) continue;
    lines.push(`can't raise ambient capability ${name}: operation not permitted`);
  }
  return lines;
}
