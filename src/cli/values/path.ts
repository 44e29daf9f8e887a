// Paths of the command line made absolute, without node:path (start-up time).

/** A folder, or how it is found: who asks depends on where the caller is, so a whole path does not. */
export type WorkingFolder = string | (() => string);

const pathOf = (folder: WorkingFolder): string => (typeof folder === "string" ? folder : folder());

/** Returns the absolute path, `.` and `..` and doubled slashes folded by the text alone. */
export function resolvePath(path: string, cwd: WorkingFolder): string {
  const parts: string[] = [];
  for (const part of (path.startsWith("/") ? path : `${pathOf(cwd)}/${path}`).split("/")) {
    if (part === "..") parts.pop();
    else if (part !== "" && part !== ".") parts.push(part);
  }
  return `/${parts.join("/")}`;
}
