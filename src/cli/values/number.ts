// Booleans and whole numbers as Go's strconv reads them, which is what docker's flags accept.
import { UserError } from "../../errors.ts";

/** Returns the truth value of `1 t true 0 f false` and their capitals. */
export function parseBoolean(text: string): boolean {
  switch (text) {
    case "true":
    case "1":
    case "t":
    case "T":
    case "TRUE":
    case "True":
      return true;
    case "false":
    case "0":
    case "f":
    case "F":
    case "FALSE":
    case "False":
      return false;
  }
  throw new UserError("must be true or false");
}

/** Returns a whole number: decimal, or with 0x, 0o, 0b or a leading 0; `_` between digits. */
export function parseInteger(text: string): number {
  const plain = Number(text);
  // Start-up time: what is written as JavaScript writes it needs no second look.
  if (Number.isSafeInteger(plain) && String(plain) === text) return plain;
  return parseForeignInteger(text);
}

function parseForeignInteger(text: string): number {
  const signed = text.startsWith("-") || text.startsWith("+");
  const digits = signed ? text.slice(1) : text;
  if (!/^(0x(_?[0-9a-f])+|(0[ob]_?)?\d(_?\d)*)$/i.test(digits)) refuse();
  const plain = digits.replaceAll("_", "");
  const value = Number(/^0\d/.test(plain) ? `0o${plain.slice(1)}` : plain);
  if (Number.isNaN(value)) refuse();
  if (!Number.isSafeInteger(value)) throw new UserError("the number is out of range");
  return text.startsWith("-") && value !== 0 ? -value : value;
}

function refuse(): never {
  throw new UserError("must be a whole number");
}

/** Returns a number of decimal digits only, or undefined: for parts of larger values. */
export function readDigits(text: string): number | undefined {
  const value = consistsOf(text, "0123456789") ? Number(text) : NaN;
  return Number.isSafeInteger(value) ? value : undefined;
}

/** Returns a number such as `1.5`, `.5`, `2.` or `1e3`, or NaN. */
export function readDecimal(text: string): number {
  return consistsOf(text, "0123456789.eE+-") ? Number(text) : NaN;
}

/** Whether a text is made of the given characters, and not empty. A regex would cost 20 µs. */
export function consistsOf(text: string, characters: string): boolean {
  for (let index = 0; index < text.length; index++) {
    if (!characters.includes(text.charAt(index))) return false;
  }
  return text !== "";
}
