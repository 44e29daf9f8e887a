// Paths of the command line, made absolute: the engine does not know where it was called.

/** `path` from the working folder on, which "" is; without "." and "..", as Go makes it. */
export function absolutePath(path: string): string {
  if (path === "") return process.cwd();
  const whole = path.startsWith("/") ? path : `${process.cwd()}/${path}`;
  if (isClean(whole)) return whole;
  const parts: string[] = [];
  for (const part of whole.split("/")) {
    if (part === "..") parts.pop();
    else if (part !== "" && part !== ".") parts.push(part);
  }
  return `/${parts.join("/")}`;
}

/** Whether there is nothing to take out of an absolute path. */
function isClean(path: string): boolean {
  return !path.includes("//") && !path.includes("/.") && (path === "/" || !path.endsWith("/"));
}
