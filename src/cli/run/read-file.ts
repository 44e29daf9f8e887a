// The files that `--env-file` and `--label-file` name: read, parsed, and refused in docker's words
// where either fails.
import { UserError } from "../../errors.ts";
import { parseEnvFile } from "../values/environment.ts";
import { parseKeyFile } from "../values/key-file.ts";
import { splitPair, type Pair } from "../values/pair.ts";
import { resolvePath } from "../values/path.ts";
import type { RunContext } from "./draft.ts";

/** Returns the `KEY=VALUE` lines of all the files, in order. */
export function readEnvFiles(paths: readonly string[], context: RunContext): string[] {
  const lines: string[] = [];
  for (const path of paths) {
    lines.push(...readKeyFile(path, context, (content) => parseEnvFile(content, context.env)));
  }
  return lines;
}

/** Returns the labels of all the files, in order. */
export function readLabelFiles(paths: readonly string[], context: RunContext): Pair[] {
  const labels: Pair[] = [];
  for (const path of paths) {
    for (const line of readKeyFile(path, context, parseKeyFile)) labels.push(splitPair(line));
  }
  return labels;
}

function readKeyFile<T>(path: string, context: RunContext, parse: (content: string) => T): T {
  const content = readText(path, context);
  try {
    return parse(content);
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
    throw new UserError(`invalid env file (${path}): ${error.message}`);
  }
}

function readText(path: string, context: RunContext): string {
  const absolute = resolvePath(path, () => context.cwd());
  const kind = context.kindOf(absolute);
  if (kind === undefined) throw new UserError(`open ${path}: no such file or directory`);
  if (kind === "directory") {
    throw new UserError(`invalid env file (${path}): read ${path}: is a directory`);
  }
  try {
    return context.readText(absolute);
  } catch (error) {
    throw new UserError(`cannot read ${path}`, undefined, 125, { cause: error });
  }
}
