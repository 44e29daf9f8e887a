// From JSON to the types of spec.ts, the only way: a wrong shape or a rule that is not kept is refused,
// every problem at once, each with its JSON path. Unknown fields are ignored, as the specification
// demands of a runtime.

import { UserError } from "../errors.ts";
import { checkLinux } from "./parse-linux.ts";
import { checkHooks, checkMount, checkRoot } from "./parse-mounts.ts";
import { checkProcess } from "./parse-process.ts";
import { checkResources } from "./parse-resources.ts";
import { isObject, Section } from "./section.ts";
import type { Process, Resources, Spec } from "./spec.ts";
import { validateProcess } from "./validate-process.ts";
import { validateResources } from "./validate-resources.ts";
import { validateSpec } from "./validate.ts";

/**
 * The checked config.json. The value is the one given: fields whose value is null are removed from it,
 * and fields that Go would read as 0 or false are filled in.
 * @param json what JSON.parse returned; parseSpecText() keeps 64-bit numbers exact
 * @throws UserError with a problem a line
 */
export function parseSpec(json: unknown): Spec {
  const problems: string[] = [];
  if (isSpec(json, problems)) {
    // The rules take their time with a list of millions; such a file has been answered by now.
    if (problems.length < PROBLEMS_SHOWN) validateSpec(json, problems);
    if (problems.length === 0) return json;
  }
  throw refusal("config.json", problems);
}

/** @throws UserError as parseSpec, and where the text is no JSON */
export function parseSpecText(text: string): Spec {
  return parseSpec(parseJson("config.json", text));
}

/**
 * The checked process of `exec --process`.
 * @throws UserError with a problem a line
 */
export function parseProcess(json: unknown): Process {
  const problems: string[] = [];
  if (isProcess(json, problems)) {
    validateProcess(json, "", problems);
    if (problems.length === 0) return json;
  }
  throw refusal("process", problems);
}

/**
 * The checked resources of `update --resources`.
 * @throws UserError with a problem a line
 */
export function parseResources(json: unknown): Resources {
  const problems: string[] = [];
  if (isResources(json, problems)) {
    validateResources(json, "", problems);
    if (problems.length === 0) return json;
  }
  throw refusal("resources", problems);
}

/**
 * JSON.parse that loses no digit of a seccomp argument: those come as bigint where a number would round.
 * @param name what the text is, for the message
 * @throws UserError `config.json is not JSON: …`
 */
export function parseJson(name: string, text: string): unknown {
  try {
    return hasLongNumber(text) ? JSON.parse(text, keepDigits) : JSON.parse(text);
  } catch (error) {
    // A RangeError: nested deeper than the stack goes, which no file of ours needs to be.
    if (!(error instanceof SyntaxError || error instanceof RangeError)) throw error;
    throw new UserError(`${name} is not JSON: ${error.message}`, undefined, undefined, {
      cause: error,
    });
  }
}

// Each of these ends with every field of its type in place (see Section), which is what makes the
// type predicate true even where problems were found.

function isSpec(json: unknown, problems: string[]): json is Spec {
  const spec = openSection(json, problems);
  if (spec === undefined) return false;
  const version = spec.requiredString("ociVersion");
  if (version !== "" && !version.startsWith("1.")) {
    spec.problem("ociVersion", `must be 1.x: got "${version}"`);
  }
  checkTop(spec);
  return true;
}

function checkTop(spec: Section): void {
  const process = spec.child("process");
  if (process !== undefined) checkProcess(process);
  const root = spec.child("root");
  if (root !== undefined) checkRoot(root);
  spec.string("hostname");
  spec.string("domainname");
  spec.each("mounts", checkMount);
  const hooks = spec.child("hooks");
  if (hooks !== undefined) checkHooks(hooks);
  spec.stringMap("annotations");
  const linux = spec.child("linux");
  if (linux !== undefined) checkLinux(linux);
}

function isProcess(json: unknown, problems: string[]): json is Process {
  const process = openSection(json, problems);
  if (process !== undefined) checkProcess(process);
  return process !== undefined;
}

function isResources(json: unknown, problems: string[]): json is Resources {
  const resources = openSection(json, problems);
  if (resources !== undefined) checkResources(resources);
  return resources !== undefined;
}

function openSection(json: unknown, problems: string[]): Section | undefined {
  if (isObject(json)) return new Section(problems, "", json);
  problems.push("must be a JSON object");
  return undefined;
}

/** More would help nobody, and a hostile file can have millions. */
const PROBLEMS_SHOWN = 100;

function refusal(name: string, problems: readonly string[]): UserError {
  const first = problems[0];
  if (problems.length === 1 && first !== undefined) {
    return new UserError(`${name} is not valid: ${first}`);
  }
  const lines = [`${name} is not valid:`, ...problems.slice(0, PROBLEMS_SHOWN)];
  const left = problems.length - PROBLEMS_SHOWN;
  if (left > 0) lines.push(`and ${left} more`);
  return new UserError(lines.join("\n  "));
}

// Numbers of up to 15 digits are exact; a reviver costs more than the rest of the parsing, and even the
// expression its 30 µs, so they are called in only where there is something for them.
function hasLongNumber(text: string): boolean {
  return text.includes('"value') && /[0-9]{16}/.test(text);
}

function keepDigits(key: string, value: unknown, context?: { source?: string }): unknown {
  if (key !== "value" && key !== "valueTwo") return value;
  const source = context?.source;
  if (typeof value !== "number" || Number.isSafeInteger(value) || source === undefined)
    return value;
  return /^[0-9]+$/.test(source) ? BigInt(source) : value;
}
