// `ps`: the processes of a container, as their pids or as the program ps(1) shows them.
import { listProcesses } from "../../../engine/oci/ps.ts";
import { UserError } from "../../../errors.ts";
import type { Verb } from "../verb.ts";

/** `ps`. */
export const psVerb: Verb = {
  name: "ps",
  flags: { format: "text" },
  aliases: { f: "format" },
  stopsAtOperand: true,
  operands: [1, Infinity],
  run: async (line, { globals, write }) => {
    const [id = "", ...psArgs] = line.operands;
    const pids = await listProcesses(id, globals);
    const format = line.text("format") || "table";
    // Go's way to say that there are none.
    if (format === "json") write(`${pids.length === 0 ? "null" : JSON.stringify(pids)}\n`);
    else if (format === "table") write(keepLines(await runPs(psArgs), pids));
    else throw new UserError("invalid format option");
    return 0;
  },
};

/** What ps(1) prints of all processes. @throws UserError with what it said instead */
async function runPs(psArgs: readonly string[]): Promise<string> {
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
  throw new UserError(`ps ended with exit status ${status}: ${(stdout + stderr).trim()}`);
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
