// Calling criu(8), the program that writes the processes of a container to files and back. bunker has
// no way of its own.
import { P_PID, W } from "../../../ffi/constants.ts";
import { fileType, makeDirectoryTree, readTextIfThere } from "../../../ffi/files.ts";
import { posix_spawn } from "../../../ffi/spawn.ts";
import { isSyscallError } from "../../../ffi/syscall-error.ts";
import { waitid } from "../../../ffi/wait.ts";
import { executablePaths } from "../../container/plan-process.ts";
import { UserError } from "../../errors.ts";
import type { CriuOptions } from "./criu-options.ts";
import type { OciGlobals } from "./options.ts";

/** What the init process had open as stdin, stdout and stderr when the image was made. */
export const DESCRIPTORS_FILE = "descriptors.json";

/**
 * Runs criu and waits for it.
 * @param log the name of its log, which the errors are taken from
 * @throws UserError where it is not installed, or did not do it
 */
export function runCriu(
  args: readonly string[],
  log: string,
  options: CriuOptions,
  globals: OciGlobals,
): void {
  for (const folder of [options.imagePath, options.workPath]) {
    if (folder !== undefined) makeDirectoryTree(folder, 0o700);
  }
  globals.debug(`criu ${args.join(" ")}`);
  const status = waitid(P_PID, spawn(["criu", ...args]), W.WEXITED);
  if (status === undefined || (status.event === "exited" && status.value === 0)) return;
  const path = `${options.workPath ?? options.imagePath}/${log}`;
  for (const line of errorsIn(path)) globals.warn(line);
  const how = status.event === "exited" ? `exit status ${status.value}` : `signal ${status.value}`;
  throw new UserError(`criu failed: ${how}, log file: ${path}`, whyNot());
}

function spawn(argv: readonly string[]): number {
  const env: string[] = [];
  for (const name in process.env) env.push(`${name}=${process.env[name] ?? ""}`);
  for (const path of executablePaths("criu", env)) {
    try {
      return posix_spawn(path, argv, env);
    } catch (error) {
      if (!isSyscallError(error, "ENOENT", "EACCES", "ENOTDIR")) throw error;
    }
  }
  throw new UserError(
    'cannot checkpoint or restore: exec: "criu": executable file not found in $PATH',
    "install criu: it saves and restores the processes",
  );
}

/** The lines of the log that tell of an error. */
function errorsIn(path: string): string[] {
  const lines = (readTextIfThere(path) ?? "").split("\n");
  return lines.filter((line) => line.includes("Error")).map((line) => `criu: ${line}`);
}

/** A kernel that criu cannot work on at all is the likeliest reason. */
function whyNot(): string | undefined {
  const status = waitid(P_PID, spawn(["criu", "check", "--log-file", "/dev/null"]), W.WEXITED);
  if (status === undefined || status.value === 0) return undefined;
  return "criu check fails on this host: this criu cannot work on this kernel";
}

/** @throws UserError in runc's words, which name the flag */
export function checkParentPath(imagePath: string, parentPath: string | undefined): void {
  if (parentPath === undefined) return;
  if (parentPath.startsWith("/")) throw new UserError("--parent-path must be relative");
  const path = `${imagePath}/${parentPath}`;
  if (fileType(`${path}/.`) !== 0) return;
  const what = fileType(path) === 0 ? "no such file or directory" : "not a directory";
  throw new UserError(`invalid --parent-path: stat ${path}: ${what}`);
}
