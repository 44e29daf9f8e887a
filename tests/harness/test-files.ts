// Which test files there are, and which of them look at bunker from outside.

import { existsSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { PROJECT } from "./run-files.ts";

/** What a test file needs of the machine; part of its name. */
export type Tier = "pure" | "namespace" | "root";

/** The files of a tier whose path has `filter` in it, by name. */
export function filesOf(tier: Tier, filter: string): readonly string[] {
  const found = [...new Bun.Glob(`tests/**/*.${tier}.test.ts`).scanSync(PROJECT)];
  return found.filter((file) => file.includes(filter)).sort();
}

const DOOR = "tests/harness/bunker.ts";

/** Whether a file looks at bunker as a program, so that it can look at the others as well. */
export function isBlackBox(file: string): boolean {
  return importsOf(file).has(DOOR);
}

/** Everything of tests/ that a file imports, or what it imports does. */
function importsOf(file: string, found: Set<string> = new Set()): ReadonlySet<string> {
  const source = readFileSync(`${PROJECT}/${file}`, "utf8");
  for (const [, relative = ""] of source.matchAll(/ from "(\.[^"]*\.ts)"/g)) {
    const imported = join(dirname(file), relative);
    if (!imported.startsWith("tests/") || found.has(imported)) continue;
    found.add(imported);
    if (existsSync(`${PROJECT}/${imported}`)) importsOf(imported, found);
  }
  return found;
}

export const isAmong = (file: string, starts: readonly string[]): boolean =>
  starts.some((start) => file.startsWith(start));
