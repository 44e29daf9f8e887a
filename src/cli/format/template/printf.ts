// Go's fmt.Sprintf, as far as templates have values for it.
import { formatGeneral } from "../units.ts";
import { isFields, isList, printValue, toJson, type Value } from "./values.ts";

/** Returns the format with its verbs replaced; what does not fit is shown as Go shows it. */
export function formatGo(format: string, args: readonly Value[]): string {
  let next = 0;
  const verbs = /%([-+# 0]*)(\*|\d+)?(?:\.(\*|\d+)?)?([a-zA-Z%]|$)/g;
  const text = format.replace(
    verbs,
    (whole: string, flags: string, width?: string, precision?: string, verb?: string) => {
      if (verb === "%") return "%";
      if (!verb) return "%!(NOVERB)";
      const columns = width === "*" ? Number(args[next++]) : Number(width ?? 0);
      const digits = precision === "*" ? Number(args[next++]) : Number(precision ?? 0);
      const exact = whole.includes(".") ? digits : undefined;
      if (next >= args.length) return `%!${verb}(MISSING)`;
      return alignText(formatVerb(verb, args[next++], exact, flags), columns, flags, verb);
    },
  );
  if (next >= args.length) return text;
  const extra = args.slice(next).map((arg) => `${typeName(arg)}=${printValue(arg)}`);
  return `${text}%!(EXTRA ${extra.join(", ")})`;
}

function formatVerb(verb: string, value: Value, digits: number | undefined, flags: string): string {
  switch (verb) {
    case "v":
      return flags.includes("#") ? toJson(value) : printValue(value);
    case "T":
      return typeName(value);
    case "t":
      return typeof value === "boolean" ? String(value) : bad(verb, value);
  }
  if (isList(value)) {
    return `[${value.map((each) => formatVerb(verb, each, digits, flags)).join(" ")}]`;
  }
  if (typeof value === "number") return formatNumber(verb, value, digits, flags);
  return typeof value === "string" ? formatString(verb, value, digits) : bad(verb, value);
}

function formatString(verb: string, value: string, digits: number | undefined): string {
  const shown = digits === undefined ? value : Array.from(value).slice(0, digits).join("");
  if (verb === "s") return shown;
  if (verb === "q") return JSON.stringify(shown);
  if (verb !== "x" && verb !== "X") return bad(verb, value);
  const bytes = new TextEncoder().encode(shown);
  const hex = Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
  return verb === "x" ? hex : hex.toUpperCase();
}

function formatNumber(
  verb: string,
  value: number,
  digits: number | undefined,
  flags: string,
): string {
  const text = formatMagnitude(verb, value, digits);
  if (text === undefined) return bad(verb, value);
  if (value >= 0 && flags.includes("+")) return `+${text}`;
  return value >= 0 && flags.includes(" ") ? ` ${text}` : text;
}

function formatMagnitude(
  verb: string,
  value: number,
  digits: number | undefined,
): string | undefined {
  if (verb === "f" || verb === "F") return value.toFixed(digits ?? 6);
  if (verb === "g" || verb === "G") {
    return digits === undefined ? String(value) : formatGeneral(value, digits);
  }
  if (verb === "e") return value.toExponential(digits ?? 6).replace(/e([+-])(\d)$/, "e$10$2");
  if (!Number.isInteger(value)) return undefined;
  const radix = { d: 10, b: 2, o: 8, x: 16, X: 16 }[verb];
  if (radix !== undefined) {
    const text = BigInt(value).toString(radix);
    return verb === "X" ? text.toUpperCase() : text;
  }
  if (verb === "c") return String.fromCodePoint(value);
  if (verb === "q") return `'${String.fromCodePoint(value)}'`;
  return verb === "U" ? `U+${value.toString(16).toUpperCase().padStart(4, "0")}` : undefined;
}

function alignText(text: string, columns: number, flags: string, verb: string): string {
  const missing = columns - Array.from(text).length;
  if (missing <= 0) return text;
  if (flags.includes("-")) return text + " ".repeat(missing);
  if (!flags.includes("0") || verb === "s" || verb === "v") return " ".repeat(missing) + text;
  const sign = /^[+-]/.exec(text)?.[0] ?? "";
  return sign + "0".repeat(missing) + text.slice(sign.length);
}

function bad(verb: string, value: Value): string {
  return `%!${verb}(${typeName(value)}=${printValue(value)})`;
}

function typeName(value: Value): string {
  if (value === null || value === undefined) return "<nil>";
  if (isList(value)) return "[]interface {}";
  if (isFields(value)) return "map[string]interface {}";
  if (typeof value === "number") return Number.isInteger(value) ? "int" : "float64";
  return typeof value === "boolean" ? "bool" : "string";
}
