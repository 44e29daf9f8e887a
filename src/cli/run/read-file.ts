// Files that flags name: read, parsed, and refused in docker's words where either fails.
import { UserError } from "../../errors.ts";
import { resolvePath } from "../values/path.ts";
import type { RunDraft } from "./draft.ts";

/** Returns what `parse` makes of the file's text. */
export function readKeyFile<T>(draft: RunDraft, path: string, parse: (content: string) => T): T {
  const content = readText(draft, path);
  try {
    return parse(content);
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
    throw new UserError(`invalid env file (${path}): ${error.message}`);
  }
}

function readText(draft: RunDraft, path: string): string {
  const absolute = resolvePath(path, draft.context.cwd());
  const kind = draft.context.kindOf(absolute);
  if (kind === undefined) throw new UserError(`open ${path}: no such file or directory`);
  if (kind === "directory") throw new UserError(`read ${path}: is a directory`);
  try {
    return draft.context.readText(absolute);
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new UserError(`cannot read ${path}: ${reason}`);
  }
}
