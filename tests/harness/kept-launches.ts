// What is kept of command lines to be replayed, as a test may look at it: RUN/scores, a file each.

import { readdirSync, readFileSync } from "node:fs";

/** The first line of each file that has this word in it, a command line's or a bundle's. */
export const keptOf = (runFolder: string, word: string): string[] =>
  keptFilesOf(runFolder, word).map(firstLine);

/** The paths of those files. */
export function keptFilesOf(runFolder: string, word: string): string[] {
  const folder = `${runFolder}/scores`;
  return (
    readdirSync(folder, { withFileTypes: true })
      // What was seen once is a symlink to nowhere.
      .filter((place) => place.isFile())
      .map(({ name }) => `${folder}/${name}`)
      .filter((path) => firstLine(path).includes(word))
  );
}

const firstLine = (path: string): string => readFileSync(path, "latin1").split("\n")[0] ?? "";

/** Whether a launch of it is kept that has never failed. */
export const isReplayable = (runFolder: string, word: string): boolean =>
  keptOf(runFolder, word).some((line) => line.includes('"launch"') && !line.includes('"failures"'));
