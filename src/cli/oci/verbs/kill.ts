// `kill`: the signal by name or number.
import { killContainer } from "../../../engine/oci/kill.ts";
import { signalNumber } from "../../../../ffi/signal.ts";
import { UserError } from "../../../errors.ts";
import type { Verb } from "../verb.ts";

const SIGTERM = 15;

/** `kill`. */
export const killVerb: Verb = {
  name: "kill",
  flags: { all: "bool" },
  aliases: { a: "all" },
  operands: [1, 2],
  run: async (line, { globals }) => {
    const [id = "", word = ""] = line.operands;
    await killContainer({ id, signal: parseSignal(word), all: line.bool("all") }, globals);
    return 0;
  },
};

/** The number of a signal; any number passes, as the kernel has the last word on those. */
function parseSignal(text: string): number {
  if (text === "") return SIGTERM;
  const number = Number(text);
  if (Number.isInteger(number) && number >= 0) return number;
  const named = signalNumber(text);
  if (named === undefined) throw new UserError(`unknown signal ${JSON.stringify(text)}`);
  return named;
}
