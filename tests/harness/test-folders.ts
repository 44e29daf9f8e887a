// The folders of bunker's own for a test file that has no box: nothing of it is kept on the host, also
// where the file is run by hand and no stage has made them.

import { afterAll } from "bun:test";
import { OwnFolders } from "./own-folders.ts";

/** The environment that says so; the folders go after the file's tests. */
export function openFolders(): Readonly<Record<string, string>> {
  const folders = new OwnFolders([]);
  afterAll(() => folders[Symbol.dispose]());
  return folders.environment;
}
