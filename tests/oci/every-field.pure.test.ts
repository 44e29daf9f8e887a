// full-spec.json has every field of the specification. Each value in it is replaced by each kind of
// wrong thing: the parser answers with a path, whatever comes.

import { expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { UserError } from "../../src/errors.ts";
import { formatSpec } from "../../src/oci/format.ts";
import { parseSpec } from "../../src/oci/parse.ts";

const text = readFileSync(new URL("./full-spec.json", import.meta.url).pathname, "utf8");
const full: unknown = JSON.parse(text);

/** What is at `path`, and every way to it: ["process", "args", "0"]. */
function listPaths(value: unknown, path: string[] = []): string[][] {
  if (typeof value !== "object" || value === null) return [path];
  const below = Object.entries(value).flatMap(([key, item]) => listPaths(item, [...path, key]));
  return path.length === 0 ? below : [path, ...below];
}

/** A copy with another value at the path. */
function replaced(value: unknown, path: readonly string[], by: unknown): unknown {
  const [key, ...rest] = path;
  if (key === undefined) return by;
  if (Array.isArray(value)) {
    return value.map((item, index) => (String(index) === key ? replaced(item, rest, by) : item));
  }
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([name, item]) => [
      name,
      name === key ? replaced(item, rest, by) : item,
    ]),
  );
}

/** The problems, or undefined where the spec is accepted. Anything but a UserError is thrown on. */
function problemsOf(spec: unknown): string | undefined {
  try {
    parseSpec(spec);
    return undefined;
  } catch (error) {
    if (error instanceof UserError) return error.message;
    throw error;
  }
}

/** `process.args[0]` */
function formatPath(path: readonly string[]): string {
  return path.reduce((before, key) => {
    if (/^\d+$/.test(key)) return `${before}[${key}]`;
    return before === "" ? key : `${before}.${key}`;
  }, "");
}

function valueAt(path: readonly string[]): unknown {
  let value = full;
  for (const key of path) {
    if (typeof value === "object" && value !== null)
      value = Object.entries(value).find(([name]) => name === key)?.[1];
  }
  return value;
}

/** Values that cannot stand where this one does; an object may always have fields that nobody knows. */
function wrongValues(value: unknown): unknown[] {
  const isMap = typeof value === "object" && !Array.isArray(value);
  const wrong: unknown[] = ["\0", -1e300, Number.NaN, ["\0"]];
  return isMap ? wrong : [...wrong, { "\0": [] }];
}

const paths = listPaths(full);

test("a spec with every field is accepted, and unchanged", () => {
  const spec = parseSpec(structuredClone(full));
  expect(spec).toEqual(JSON.parse(text));
  expect(JSON.parse(formatSpec(spec))).toEqual(JSON.parse(text));
});

test("there are as many fields as the specification has", () => {
  expect(paths.length).toBeGreaterThan(230);
});

test("a value of a wrong type is refused with its path, at every place", () => {
  for (const path of paths) {
    for (const wrong of wrongValues(valueAt(path))) {
      const problems = problemsOf(replaced(full, path, wrong));
      expect(problems, `${formatPath(path)} = ${JSON.stringify(wrong)}`).toBeDefined();
      expect(problems).toContain(formatPath(path));
    }
  }
});

test("null, nothing, and empty things never break the parser", () => {
  for (const path of paths) {
    for (const value of [null, undefined, "", [], {}, 0, true, false, "x", 1e300, [null], [{}]]) {
      const problems = problemsOf(replaced(full, path, value));
      if (problems !== undefined) expect(problems).toStartWith("config.json is not valid:");
    }
  }
});
