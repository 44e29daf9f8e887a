// `list`: the containers as a table, as JSON, or their ids alone.
import { listContainers, type PrintedState } from "../../../engine/oci/list.ts";
import { UserError } from "../../../errors.ts";
import type { Verb } from "../verb.ts";

/** `list`. */
export const listVerb: Verb = {
  name: "list",
  flags: { format: "text", quiet: "bool" },
  aliases: { f: "format", q: "quiet" },
  operands: [0, 0],
  run: async (line, { globals, rootGiven, write }) => {
    const states = await listContainers(globals, !rootGiven);
    const quiet = line.bool("quiet");
    write(quiet ? formatIds(states) : formatStates(states, line.text("format")));
    return 0;
  },
};

function formatIds(states: readonly PrintedState[]): string {
  return states.map(({ id }) => `${id}\n`).join("");
}

/** @throws UserError for a format that there is not */
function formatStates(states: readonly PrintedState[], format: string): string {
  // Go's way to say that there are none, which runc's callers know.
  if (format === "json") return `${states.length === 0 ? "null" : JSON.stringify(states)}\n`;
  if (format !== "table" && format !== "") throw new UserError("invalid format option");
  return formatTable([
    ["ID", "PID", "STATUS", "BUNDLE", "CREATED", "OWNER"],
    ...states.map((state) => [
      state.id,
      String(state.pid),
      state.status,
      state.bundle,
      state.created,
      state.owner,
    ]),
  ]);
}

const LEAST_WIDTH = 12;
const GAP = 3;

/** Columns as runc spaces them: at least 12 wide, three apart, the last one as it is. */
export function formatTable(rows: readonly (readonly string[])[]): string {
  const widths = (rows[0] ?? []).map((_, column) =>
    Math.max(LEAST_WIDTH, ...rows.map((row) => (row[column] ?? "").length + GAP)),
  );
  const lines = rows.map((row) =>
    row.map((cell, i) => (i === row.length - 1 ? cell : cell.padEnd(widths[i] ?? 0))).join(""),
  );
  return `${lines.join("\n")}\n`;
}
