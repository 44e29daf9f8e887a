// Whether this program begins with the prelude, so that images are worth writing.

import { runtime } from "#runtime";

/** True where install.ts may have put it there: a compiled executable for x86-64. */
export const hasPrelude = (): boolean => process.arch === "x64" && runtime.isCompiled();
