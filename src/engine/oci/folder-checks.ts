// What a prelude has to ask for the paths that a verb was told: a relative one leads elsewhere from elsewhere.

import { DEFAULT_ROOT } from "./default-root.ts";
import type { Check } from "../../container/prelude/checks.ts";

/**
 * undefined where they are not the words' alone: a root that was chosen by the environment.
 * @param words the command line, with the stand-in id in it
 * @param paths as the engine knows them: absolute, of the same id
 */
export function checkFolder(
  words: readonly string[],
  root: string,
  paths: readonly string[] = [],
): Check[] | undefined {
  const isTold = words.some((word) => /^--?root(=|$)/.test(word));
  if (!isTold && root !== DEFAULT_ROOT) return undefined;
  const told = isTold ? [root, ...paths] : paths;
  if (told.every((path) => words.some((word) => isWhole(word, path)))) return [];
  return [{ kind: "folder", path: new TextEncoder().encode(`${process.cwd()}\0`) }];
}

const isWhole = (word: string, path: string): boolean => word === path || word.endsWith(`=${path}`);
