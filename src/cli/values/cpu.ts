// CPU amounts and sets: `--cpus 1.5`, `--cpuset-cpus 0-2,4`.
import { UserError } from "../../errors.ts";
import { readDecimal, readDigits } from "./number.ts";

/** Returns a number of CPUs; `1.5`, `.5`, `1/2` and `1e-1` are docker's spellings too. */
export function parseCpus(text: string): number {
  const [numerator = "", denominator, ...rest] = text.split("/");
  const value = readDecimal(numerator) / (denominator === undefined ? 1 : readDecimal(denominator));
  if (rest.length > 0 || !Number.isFinite(value)) {
    throw new UserError(`failed to parse ${text} as a rational number`);
  }
  // The kernel's quota is in millionths of a CPU, docker's own unit in thousand-millionths.
  if (value !== 0 && value < 1e-9 && value > -1e-9) throw new UserError("value is too precise");
  return value;
}

/** Returns the list as given (cpuset(7), "List format"), checked: `0-2,4`. */
export function parseCpuset(text: string): string {
  for (const part of text.split(",")) {
    const [first = "", last, ...rest] = part.split("-");
    const low = readDigits(first);
    const high = last === undefined ? low : readDigits(last);
    if (low === undefined || high === undefined || rest.length > 0) {
      throw new UserError(`want numbers and ranges such as 0-2,4: got '${part}'`);
    }
    if (high < low) throw new UserError(`the range '${part}' ends before it begins`);
  }
  return text;
}
