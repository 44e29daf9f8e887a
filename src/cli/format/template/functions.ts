// The functions of a template: Go's own, and those that docker adds.
import { UserError } from "../../../errors.ts";
import { formatGo } from "./printf.ts";
import { isFields, isList, isTrue, printValue, toJson, type Value } from "./values.ts";

/** A function of templates. */
export interface TemplateFunction {
  /** How many arguments it takes, at least and at most. */
  readonly takes: readonly [number, number];
  call(...args: readonly Value[]): Value;
}

/** Functions by name. `and` and `or` are here for their names: they are evaluated by need. */
export const functions: Readonly<Record<string, TemplateFunction>> = {
  and: { takes: [1, Infinity], call: (...args) => args.find((arg) => !isTrue(arg)) ?? args.at(-1) },
  or: { takes: [1, Infinity], call: (...args) => args.find((arg) => isTrue(arg)) ?? args.at(-1) },
  not: { takes: [1, 1], call: (value) => !isTrue(value) },
  eq: { takes: [2, Infinity], call: (first, ...rest) => rest.some((each) => isEqual(first, each)) },
  ne: { takes: [2, 2], call: (first, second) => !isEqual(first, second) },
  lt: { takes: [2, 2], call: (first, second) => compare(first, second) < 0 },
  le: { takes: [2, 2], call: (first, second) => compare(first, second) <= 0 },
  gt: { takes: [2, 2], call: (first, second) => compare(first, second) > 0 },
  ge: { takes: [2, 2], call: (first, second) => compare(first, second) >= 0 },
  index: { takes: [1, Infinity], call: (value, ...keys) => keys.reduce(pick, value) },
  slice: { takes: [1, 4], call: sliceOf },
  len: { takes: [1, 1], call: lengthOf },
  print: { takes: [0, Infinity], call: (...args) => printAll(args) },
  println: { takes: [0, Infinity], call: (...args) => `${args.map(printValue).join(" ")}\n` },
  printf: { takes: [1, Infinity], call: (format, ...args) => formatGo(text(format), args) },
  html: { takes: [1, Infinity], call: (...args) => escapeHtml(printAll(args)) },
  js: { takes: [1, Infinity], call: (...args) => JSON.stringify(printAll(args)).slice(1, -1) },
  urlquery: {
    takes: [1, Infinity],
    call: (...args) => encodeURIComponent(printAll(args)).replaceAll("%20", "+"),
  },
  json: { takes: [1, 1], call: (value) => toJson(value) },
  split: { takes: [2, 2], call: (value, separator) => text(value).split(text(separator)) },
  join: { takes: [2, 2], call: join },
  title: { takes: [1, 1], call: (value) => toTitle(text(value)) },
  lower: { takes: [1, 1], call: (value) => text(value).toLowerCase() },
  upper: { takes: [1, 1], call: (value) => text(value).toUpperCase() },
  pad: { takes: [3, 3], call: pad },
  truncate: { takes: [2, 2], call: (value, length) => text(value).slice(0, whole(length)) },
};

/** Their names, for the parser. */
export const functionNames: ReadonlySet<string> = new Set(Object.keys(functions));

function text(value: Value): string {
  if (typeof value === "string") return value;
  throw new UserError(`wrong type for value; expected string; got ${printValue(value)}`);
}

function whole(value: Value): number {
  if (typeof value === "number" && Number.isInteger(value)) return value;
  throw new UserError(`expected integer; found ${printValue(value)}`);
}

function isEqual(first: Value, second: Value): boolean {
  if (isList(first) || isFields(first)) throw new UserError("non-comparable type");
  if (typeof first !== typeof second && first !== null && second !== null) {
    throw new UserError("incompatible types for comparison");
  }
  return first === second;
}

function compare(first: Value, second: Value): number {
  if (typeof first === "number" && typeof second === "number") return first - second;
  if (typeof first !== "string" || typeof second !== "string") {
    throw new UserError("incompatible types for comparison");
  }
  return first < second ? -1 : first > second ? 1 : 0;
}

function pick(value: Value, key: Value): Value {
  if (isList(value) || typeof value === "string") {
    const index = whole(key);
    if (index < 0 || index >= value.length) throw new UserError(`index out of range: ${index}`);
    return typeof value === "string" ? value.charCodeAt(index) : value[index];
  }
  if (!isFields(value)) throw new UserError("index of untyped nil");
  return Object.hasOwn(value, text(key)) ? value[text(key)] : "";
}

function sliceOf(value: Value, from: Value = 0, to?: Value): Value {
  if (!isList(value) && typeof value !== "string") {
    throw new UserError("can't slice item of this type");
  }
  const [start, end] = [whole(from), to === undefined ? value.length : whole(to)];
  if (start < 0 || end > value.length || start > end) {
    throw new UserError(`index out of range: ${Math.max(start, end)}`);
  }
  return value.slice(start, end);
}

function lengthOf(value: Value): number {
  if (typeof value === "string") return new TextEncoder().encode(value).length;
  if (isList(value)) return value.length;
  if (isFields(value)) return Object.keys(value).length;
  throw new UserError(`len of type ${typeof value}`);
}

/** Go puts a space between two values neither of which is a string. */
function printAll(args: readonly Value[]): string {
  let out = "";
  args.forEach((arg, index) => {
    const before = args[index - 1];
    if (index > 0 && typeof arg !== "string" && typeof before !== "string") out += " ";
    out += printValue(arg);
  });
  return out;
}

function join(list: Value, separator: Value): string {
  if (list === null || list === undefined) return "";
  if (!isList(list)) throw new UserError("wrong type for value; expected []string");
  return list.map(printValue).join(text(separator));
}

/** docker's pad: nothing stays nothing. */
function pad(value: Value, before: Value, after: Value): string {
  if (value === "") return "";
  return " ".repeat(whole(before)) + text(value) + " ".repeat(whole(after));
}

function toTitle(value: string): string {
  return value.replace(/(^|[^\p{L}\p{N}_'])(\p{L})/gu, (_whole, before: string, letter: string) => {
    return before + letter.toUpperCase();
  });
}

function escapeHtml(value: string): string {
  const names: Readonly<Record<string, string>> = {
    '"': "&#34;",
    "'": "&#39;",
    "&": "&amp;",
    "<": "&lt;",
    ">": "&gt;",
  };
  return value.replace(/["'&<>]/g, (sign) => names[sign] ?? sign);
}
