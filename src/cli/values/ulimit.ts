// `--ulimit name=soft[:hard]`, setrlimit(2).
import type { Limit, UlimitOption } from "../../engine/run-options.ts";
import { UserError } from "../../errors.ts";
import { parseInteger } from "./number.ts";

const names =
  " as core cpu data fsize locks memlock msgqueue nice nofile nproc rss rtprio rttime sigpending stack ";

/** Returns a resource limit; the hard limit is the soft one unless given, -1 is "unlimited". */
export function parseUlimit(text: string): UlimitOption {
  const equals = text.indexOf("=");
  if (equals < 0) throw new UserError(`invalid ulimit argument: ${text}`, "write NAME=SOFT[:HARD]");
  const name = text.slice(0, equals);
  if (name === "" || name.includes(" ") || !names.includes(` ${name} `)) {
    throw new UserError(`invalid ulimit type: ${name}`, `one of:${names.trimEnd()}`);
  }
  const limits = text.slice(equals + 1).split(":");
  if (limits.length > 2) {
    const said = limits.join(":");
    throw new UserError(
      `too many limit value arguments - ${said}, can only have up to two, \`soft[:hard]\``,
    );
  }
  const soft = parseLimit(limits[0] ?? "");
  const hard = limits[1] === undefined ? soft : parseLimit(limits[1]);
  refuseInverted(soft, hard);
  return { type: `RLIMIT_${name.toUpperCase()}`, soft, hard };
}

function parseLimit(text: string): Limit {
  const value = parseInteger(text);
  if (value < -1) throw new UserError("a limit must be at least 0, or -1 for no limit");
  return value === -1 ? "unlimited" : value;
}

function refuseInverted(soft: Limit, hard: Limit): void {
  if (hard === "unlimited" || (soft !== "unlimited" && soft <= hard)) return;
  const rule = "ulimit soft limit must be less than or equal to hard limit";
  if (soft === "unlimited") {
    throw new UserError(`${rule}: soft: -1 (unlimited), hard: ${hard}`);
  }
  throw new UserError(`${rule}: ${soft} > ${hard}`);
}
