// Huge pages, and what is written verbatim.

import { refuse } from "../refusal.ts";
import type { HugepageLimit } from "../resources.ts";
import { checkPageSize } from "../shared-limits.ts";
import { type CgroupStep, writeStep } from "../steps.ts";

/** Huge pages in use, and those reserved where the kernel counts them (since 5.7). */
export function planHugetlb(directory: string, limits: readonly HugepageLimit[]): CgroupStep[] {
  return limits.flatMap(({ pageSize, limit }) => {
    const file = `${directory}/hugetlb.${checkPageSize(pageSize)}`;
    const why = `huge pages of ${pageSize}`;
    return [
      writeStep(`${file}.max`, limit, why),
      writeStep(`${file}.rsvd.max`, limit, `${why}, reserved`, { optional: true }),
    ];
  });
}

/** `unified` as it stands; a value of several lines is as many writes. */
export function planUnified(
  directory: string,
  unified: Readonly<Record<string, string>>,
): CgroupStep[] {
  return Object.entries(unified).flatMap(([file, value]) => {
    checkControlFile(file);
    const lines = value.split("\n").filter((line) => line !== "");
    return lines.map((line) => writeStep(`${directory}/${file}`, line, "asked for by name"));
  });
}

/** Security: the name comes from outside, and must not lead to another cgroup. */
function checkControlFile(file: string): void {
  if (/^[a-z_]+(\.[A-Za-z0-9_-]+)+$/.test(file)) return;
  refuse(`unified key must be the name of a control file: got "${file}"`);
}

/** `memory` for "memory.high"; undefined for the core's own files, which need no controller. */
export function controllerOf(file: string): string | undefined {
  const controller = file.slice(0, file.indexOf("."));
  return controller === "cgroup" ? undefined : controller;
}
