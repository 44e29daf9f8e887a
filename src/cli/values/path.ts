// Paths of the command line made absolute, without node:path (start-up time).

/** Returns the absolute path, `.` and `..` and doubled slashes folded by the text alone. */
export function resolvePath(path: string, cwd: string): string {
  const parts: string[] = [];
  for (const part of (path.startsWith("/") ? path : `${cwd}/${path}`).split("/")) {
    if (part === "..") parts.pop();
    else if (part !== "" && part !== ".") parts.push(part);
  }
  return `/${parts.join("/")}`;
}
