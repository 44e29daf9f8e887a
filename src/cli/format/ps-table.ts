// The table of ps(1), cut to the processes of a container: `top`, and `ps` of the OCI command line.
import { UserError } from "../../errors.ts";

/** What ps(1) prints of all processes. @throws UserError with what it said instead */
export async function runPs(psArgs: readonly string[]): Promise<string> {
  const { spawnSync } = await import("node:child_process");
  const args = psArgs.length === 0 ? ["-ef"] : psArgs;
  const { error, status, stdout, stderr } = spawnSync("ps", args, {
    encoding: "utf8",
    maxBuffer: 1024 ** 3,
  });
  if (error !== undefined) {
    const hint = "install the package procps, or use --format json";
    throw new UserError(`cannot run ps: ${error.message}`, hint);
  }
  if (status === 0) return stdout;
  const [reason = ""] = (stderr + stdout).trim().split("\n");
  throw new UserError(`ps: ${reason}`, `ps ended with exit status ${status}`);
}

/**
 * The head of a table of ps(1), and its lines about these processes.
 * @throws UserError where the table has no column PID, or something else in it
 */
export function keepLines(table: string, pids: readonly number[]): string {
  const [head = "", ...lines] = table.split("\n");
  const column = head.trim().split(/\s+/).indexOf("PID");
  if (column < 0) throw new UserError("couldn't find PID field in ps output");
  const wanted = new Set(pids);
  const kept = lines.filter((line) => line !== "" && wanted.has(pidIn(line, column)));
  return [head, ...kept, ""].join("\n");
}

function pidIn(line: string, column: number): number {
  const word = line.trim().split(/\s+/)[column] ?? "";
  const pid = Number(word);
  if (Number.isInteger(pid) && pid > 0) return pid;
  throw new UserError(`unable to parse pid: got "${word}"`);
}
