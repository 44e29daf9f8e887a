// One object of a JSON file while its shape is being checked: its path, its fields, and the one list of
// problems. A check that fails says so and puts something harmless of the right type in the field's
// place, so that the checks after it can go on and every problem is found at once. Null is taken as
// absent, as Go's decoder does it for the peers: whoever edits a config.json with jq relies on that.

import { quote } from "./quote.ts";

type Fields = Record<string, unknown>;

export const UINT16_MAX = 0xffff;
export const UINT32_MAX = 0xffff_ffff;
export const INT32_MAX = 0x7fff_ffff;
/** 2^63 and 2^64 as near as a number comes: beyond these Go's decoder refuses as well. */
export const INT64_MAX = 2 ** 63;
export const UINT64_MAX = 2 ** 64;

/** True for a JSON object: not null, not an array. */
export function isObject(value: unknown): value is Fields {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** An object of the file. The checks return what they have found, or undefined where nothing usable is. */
export class Section {
  constructor(
    readonly problems: string[],
    readonly path: string,
    readonly fields: Fields,
  ) {}

  /** The JSON path of a field: `process.args`. */
  at(key: string): string {
    return this.path === "" ? key : `${this.path}.${key}`;
  }

  problem(key: string, text: string): void {
    this.problems.push(`${this.at(key)}: ${text}`);
  }

  /** The field as it is; null has become absent. */
  value(key: string): unknown {
    const value = this.fields[key];
    if (value !== null) return value;
    delete this.fields[key];
    return undefined;
  }

  /** An empty string is absent as well: Go writes and reads it so. */
  string(key: string): string | undefined {
    const value = this.value(key);
    if (value === "") delete this.fields[key];
    if (value === undefined || value === "") return undefined;
    if (typeof value !== "string") return this.drop(key, wanted("a string", value));
    // Security: the kernel's strings end at a NUL; what was checked must be what is used.
    if (value.includes("\0")) return this.drop(key, "must not contain a NUL byte");
    return value;
  }

  /** @returns "" where it is missing or no string, and the problem is noted */
  requiredString(key: string): string {
    const known = this.problems.length;
    const empty = this.fields[key] === "";
    const value = this.string(key);
    if (value !== undefined) return value;
    this.fields[key] = "";
    if (this.problems.length === known) {
      this.problem(key, empty ? "must not be empty" : "must be given");
    }
    return "";
  }

  boolean(key: string): boolean | undefined {
    const value = this.value(key);
    if (value === undefined || typeof value === "boolean") return value;
    return this.drop(key, wanted("true or false", value));
  }

  integer(key: string, min: number, max: number): number | undefined {
    const value = this.value(key);
    if (value === undefined) return undefined;
    if (typeof value !== "number" || !Number.isInteger(value)) {
      return this.drop(key, wanted("a whole number", value));
    }
    if (value >= min && value <= max) return value;
    return this.drop(
      key,
      `must be between ${formatBound(min)} and ${formatBound(max)}: got ${value}`,
    );
  }

  /** As integer(), for a field that Go's decoder would leave at 0. */
  integerOrZero(key: string, min: number, max: number): number {
    return this.integer(key, min, max) ?? (this.fields[key] = 0);
  }

  /** @param placeholder what stands in the field where it is missing or wrong */
  requiredInteger(key: string, min: number, max: number, placeholder: number): void {
    if (this.value(key) === undefined) this.problem(key, "must be given");
    if (this.integer(key, min, max) === undefined) this.fields[key] = placeholder;
  }

  /** A string out of a fixed list; `what` names the kind in the problem: `unknown namespace: "foo"`. */
  word(key: string, what: string, words: readonly string[]): string | undefined {
    const value = this.string(key);
    if (value === undefined || words.includes(value)) return value;
    return this.drop(key, `unknown ${what}: ${quote(value)}`);
  }

  requiredWord(key: string, what: string, words: readonly string[]): void {
    const value = this.requiredString(key);
    if (value !== "" && !words.includes(value))
      this.problem(key, `unknown ${what}: ${quote(value)}`);
  }

  words(key: string, what: string, words: readonly string[]): void {
    const values = this.strings(key) ?? [];
    for (let index = 0; index < values.length; index++) {
      const value = values[index] ?? "";
      if (!words.includes(value)) {
        this.problem(`${key}[${index}]`, `unknown ${what}: ${quote(value)}`);
      }
    }
  }

  /** A list of strings, each free of NUL bytes. */
  strings(key: string): string[] | undefined {
    const list = this.list(key);
    if (list === undefined) return undefined;
    const strings: string[] = [];
    for (let index = 0; index < list.length; index++) {
      const value = list[index];
      if (typeof value === "string" && !value.includes("\0")) strings.push(value);
      else {
        strings.push("");
        this.problem(`${key}[${index}]`, refuseString(value));
      }
    }
    this.fields[key] = strings;
    return strings;
  }

  integers(key: string, min: number, max: number): void {
    const list = this.list(key);
    if (list === undefined) return;
    for (let index = 0; index < list.length; index++) {
      const value = list[index];
      if (typeof value === "number" && Number.isInteger(value) && value >= min && value <= max) {
        continue;
      }
      this.problem(`${key}[${index}]`, wanted(`a whole number from ${min} to ${max}`, value));
      list[index] = min;
    }
  }

  /** A list of objects: `check` sees each as a section of its own. */
  each(key: string, check: (section: Section) => void): void {
    const list = this.list(key);
    if (list === undefined) return;
    for (let index = 0; index < list.length; index++) {
      const value = list[index];
      const path = `${key}[${index}]`;
      if (isObject(value)) check(new Section(this.problems, this.at(path), value));
      else {
        this.problem(path, wanted("an object", value));
        // What is put in its place is completed like the others; its problems are not the user's.
        const fields = (list[index] = {});
        check(new Section([], path, fields));
      }
    }
  }

  /** The object under a field. */
  child(key: string): Section | undefined {
    const value = this.value(key);
    if (value === undefined) return undefined;
    if (!isObject(value)) return this.drop(key, wanted("an object", value));
    return new Section(this.problems, this.at(key), value);
  }

  /** An object with names of the user's choice, each an object again. */
  eachNamed(key: string, check: (section: Section) => void): void {
    const map = this.child(key);
    if (map === undefined) return;
    for (const name of Object.keys(map.fields)) {
      const entry = map.child(name);
      if (entry === undefined) delete map.fields[name];
      else check(entry);
    }
  }

  /** An object with names of the user's choice, each a string. */
  stringMap(key: string): void {
    const map = this.child(key);
    if (map === undefined) return;
    for (const name of Object.keys(map.fields)) {
      if (name.includes("\0")) map.problem(quote(name), "must not contain a NUL byte");
      // Order: string() would take an empty value away, and here it is one.
      if (map.fields[name] !== "") map.string(name);
    }
  }

  private list(key: string): unknown[] | undefined {
    const list = this.value(key);
    if (list === undefined || Array.isArray(list)) return list;
    return this.drop(key, wanted("an array", list));
  }

  private drop(key: string, text: string): undefined {
    this.problem(key, text);
    delete this.fields[key];
    return undefined;
  }
}

function refuseString(value: unknown): string {
  // Security: see Section.string().
  return typeof value === "string" ? "must not contain a NUL byte" : wanted("a string", value);
}

function wanted(what: string, got: unknown): string {
  return `must be ${what}: got ${describe(got)}`;
}

function describe(value: unknown): string {
  if (value === null) return "null";
  if (Array.isArray(value)) return "an array";
  if (typeof value === "string") return quote(value);
  return typeof value === "object" ? "an object" : String(value);
}

function formatBound(bound: number): string {
  if (bound === UINT64_MAX) return "2^64-1";
  if (bound === INT64_MAX) return "2^63-1";
  return bound === -INT64_MAX ? "-2^63" : String(bound);
}
