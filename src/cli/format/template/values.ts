// The values that a template works on, and how Go prints them: fmt's %v and encoding/json.

/** What a template's data is made of: JSON, and functions that a field of a row may be. */
export type Value =
  | string
  | number
  | boolean
  | null
  | undefined
  | readonly Value[]
  | { readonly [key: string]: Value }
  | Method;

/** A field that takes arguments, as `.Label "key"` does. */
export type Method = (...args: readonly Value[]) => Value;

/** A number with a fraction even where it is whole (Go's float64); all others are integers. */
export type Fields = { readonly [key: string]: Value };

/** Whether a value is a map or struct. */
export function isFields(value: Value): value is Fields {
  return typeof value === "object" && value !== null && !isList(value);
}

/** Whether a value is a list. */
export function isList(value: Value): value is readonly Value[] {
  return Array.isArray(value);
}

/** Returns the value as fmt's %v has it: lists as `[a b]`, maps as `map[k:v]` with sorted keys. */
export function printValue(value: Value): string {
  if (value === undefined) return "<no value>";
  if (value === null) return "<nil>";
  if (typeof value === "number") return printNumber(value);
  if (typeof value === "function") return printValue(value());
  if (isList(value)) return `[${value.map((each) => printNested(each)).join(" ")}]`;
  if (!isFields(value)) return String(value);
  const pairs = Object.keys(value)
    .sort()
    .map((key) => `${key}:${printNested(value[key])}`);
  return `map[${pairs.join(" ")}]`;
}

/** An empty struct in a map prints as `{}`. */
function printNested(value: Value): string {
  return isFields(value) && Object.keys(value).length === 0 ? "{}" : printValue(value);
}

/** An integer whole, a float as %v: the shortest form, an exponent from 21 digits on. */
function printNumber(value: number): string {
  if (Number.isInteger(value)) return BigInt(value).toString();
  return String(value).replace(/e([+-])(\d)$/, "e$10$2");
}

/** Whether Go's `if` takes the value for true: what is not zero or empty. */
export function isTrue(value: Value): boolean {
  if (isList(value)) return value.length > 0;
  if (isFields(value)) return Object.keys(value).length > 0;
  return Boolean(value);
}

/** Returns the JSON that docker's `json` function prints: compact, `<>&` as they are. */
export function toJson(value: Value): string {
  return escapeSeparators(JSON.stringify(settle(value) ?? null));
}

/** Returns docker's JSON of one row of a list: the keys sorted, `<>&` escaped. */
export function rowToJson(row: Fields): string {
  const pairs = Object.keys(row)
    .filter((key) => typeof row[key] !== "function" || row[key].length === 0)
    .sort()
    .map((key) => [key, settle(row[key])] as const);
  return escapeSeparators(escapeHtml(JSON.stringify(Object.fromEntries(pairs))));
}

/** Go escapes these, so that JSON can stand in a page. */
export function escapeHtml(json: string): string {
  return json.replace(/[<>&]/g, (sign) => `\\u00${sign.charCodeAt(0).toString(16)}`);
}

/** Returns the value without functions: those of no argument called, the others left out. */
function settle(value: Value): Value {
  if (typeof value === "function") return value.length === 0 ? settle(value()) : undefined;
  if (value === nilList || value === nilMap) return null;
  if (isList(value)) return value.map((each) => settle(each) ?? null);
  if (!isFields(value)) return value;
  return Object.fromEntries(Object.entries(value).map(([key, each]) => [key, settle(each)]));
}

function escapeSeparators(json: string): string {
  return json.replace(/[\u2028\u2029]/g, (sign) => `\\u${sign.charCodeAt(0).toString(16)}`);
}

/** Go's nil of a list or a map: null in JSON, but `[]` and `map[]` in a template. */
const nilList: Value = Object.assign([], { toJSON: () => null });
const nilMap: Value = Object.defineProperty({}, "toJSON", { value: () => null });

/** The fields of docker's objects that are such, where they are null. */
const NIL: ReadonlyMap<string, Value> = new Map<string, Value>([
  ...["Cmd", "Entrypoint", "Env", "OnBuild", "Shell", "RepoTags", "RepoDigests", "Mounts"].map(
    (key) => [key, nilList] as const,
  ),
  ...["ExposedPorts", "Labels", "Options", "Volumes"].map((key) => [key, nilMap] as const),
]);

/**
 * Returns what JSON could carry of a value, for a template to work on.
 * @param key the field that has it
 */
export function toValue(value: unknown, key = ""): Value {
  if (Array.isArray(value)) return value.map((each) => toValue(each));
  if (typeof value === "object" && value !== null) {
    return Object.fromEntries(
      Object.entries(value).map(([name, each]) => [name, toValue(each, name)]),
    );
  }
  if (typeof value === "string" || typeof value === "number" || typeof value === "boolean") {
    return value;
  }
  return NIL.get(key) ?? null;
}
