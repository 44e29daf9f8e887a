// What the terminal that we write to can show.
import { isTerminal } from "../../../ffi/termios.ts";
import type { Environment } from "../values/environment.ts";

export interface Abilities {
  readonly hasColour: boolean;
  readonly isUnicode: boolean;
}

/** undefined where no picture can be drawn: stdout is no terminal, or one that only goes forward. */
export function findAbilities(env: Environment): Abilities | undefined {
  const term = env["TERM"] ?? "";
  if (!isTerminal(1) || term === "" || term === "dumb") return undefined;
  return { hasColour: (env["NO_COLOR"] ?? "") === "", isUnicode: isUnicode(env) };
}

/** locale(7): the first that is set says it for all. */
function isUnicode(env: Environment): boolean {
  const locale = [env["LC_ALL"], env["LC_CTYPE"], env["LANG"]].find((name) => name);
  return /utf-?8/i.test(locale ?? "");
}
