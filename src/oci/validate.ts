// What the parts of a config.json must be to each other: the rules that types and ranges do not say.
// They hold for a spec made here from the flags of `run` as much as for one that was read.

import type { Hooks, Spec } from "./spec.ts";
import { validateLinux } from "./validate-linux.ts";
import { validateMounts } from "./validate-mounts.ts";
import { validateNamespaces } from "./validate-namespaces.ts";
import { validateProcess } from "./validate-process.ts";
import { validateSysctls } from "./validate-sysctls.ts";

/** Adds a line `path: what must be` for each rule that the spec breaks. */
export function validateSpec(spec: Spec, problems: string[]): void {
  if (spec.process === undefined) problems.push("process: must be given");
  else validateProcess(spec.process, "process.", problems);
  if (spec.root === undefined) problems.push("root: must be given");
  validateMounts(spec, problems);
  if (spec.hooks !== undefined) validateHooks(spec.hooks, problems);
  validateNamespaces(spec, problems);
  if (spec.linux === undefined) return;
  validateSysctls(spec.linux.sysctl, spec.linux.namespaces, problems);
  validateLinux(spec.linux, problems);
}

function validateHooks(hooks: Hooks, problems: string[]): void {
  for (const [point, list] of Object.entries(hooks)) {
    if (!Array.isArray(list)) continue;
    for (let index = 0; index < list.length; index++) {
      const path: unknown = list[index]?.path;
      if (typeof path !== "string" || path === "" || path.startsWith("/")) continue;
      problems.push(
        `hooks.${point}[${index}].path: must be an absolute path: got ${JSON.stringify(path)}`,
      );
    }
  }
}
