// What is never the same twice is taken out of an outcome: ids, times, ages, the two sides' folders; and
// of messages what each side says in its own way: who speaks, hints, where to read more.
import type { Outcome } from "./side.ts";

type Rule = readonly [pattern: RegExp, replacement: string];

const AGE =
  "(?:Less than a second|About a minute|About an hour|\\d+ (?:second|minute|hour|day|week|month|year)s?)";

/** runc's answers to a program that is not there, in the words that bunker has for the same. */
const RUNTIME =
  /(?:failed to create shim task: )?OCI runtime (?:create|exec) failed: (?:runc create|exec) failed: unable to start container process: /g;

const everywhere: readonly Rule[] = [
  [RUNTIME, ""],
  [/\bexec: ("[^"]*"): (?:stat [^:]*: )?(.*): unknown/g, "cannot run $1: $2"],
  [/\b[0-9a-f]{64}\b/g, "<id>"],
  // Of digits alone, too, as one image in 280 has it.
  [/\b(?=[0-9a-f]*\d)[0-9a-f]{12}\b/g, "<short id>"],
  // The time that means "never" is kept.
  [/\b(?!0001-)\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?(?:Z|[+-]\d\d:\d\d)/g, "<time>"],
  [/\b(?!0001-)\d{4}-\d\d-\d\d \d\d:\d\d:\d\d(?:\.\d+)? [+-]\d{4} [A-Z]+/g, "<time>"],
  [/\/var\/lib\/(?:docker|bunker)\//g, "<data>/"],
  [/\b(?:172\.1[6-9]|172\.2\d|172\.3[01]|10\.\d+|192\.168)\.\d+\.\d+\b/g, "<address>"],
  [/\b02:42(?::[0-9a-f]{2}){4}\b/g, "<mac>"],
  [/\(1[78]\d{8}\)/g, "(<seconds>)"],
  [new RegExp(`\\b${AGE} ago`, "g"), "<age> ago"],
  [new RegExp(`\\bUp ${AGE}`, "g"), "Up <age>"],
  // The columns of a table are as wide as what was replaced.
  [/ {2,}/g, "  "],
];

const inMessages: readonly Rule[] = [
  // What docker's client says of a pipe that its daemon has closed, sometimes.
  [/^time="[^"]*" level=error msg="Can't .*\n/gm, ""],
  [/\. You have to remove \(or rename\) that container to be able to reuse that name\.$/gm, ""],
  // Where to read more is the business of each.
  [/^ {2}hint: .*\n/gm, ""],
  [/^(?:See|Run) 'docker.*\n/gm, ""],
  [/^(?:Usage: {2}|\t)docker .*\n(?:\n.+\n)?/gm, ""],
  // What failed has been said in the lines before.
  [/^(?:Error: )?failed to (?:rename container named|start containers:) .*\n/gm, ""],
  [/^\s*\n/gm, ""],
  [/^(?:docker|bunker): /gm, ""],
  [/^(?:Error response from daemon|Error): /gm, ""],
  // The flag at fault is named where it is found out while the flag is read.
  [/^invalid argument "[^"]*" for "[^"]*" flag: /gm, ""],
  [/^--\w+: (invalid \w+ mode)$/gm, "$1"],
  [/\bstrconv\.ParseBool: parsing "[^"]*": invalid syntax/g, "must be true or false"],
  [/\bstrconv\.\w+: parsing "[^"]*": invalid syntax/g, "must be a whole number"],
  [/\bstrconv\.\w+: parsing "[^"]*": value out of range/g, "the number is out of range"],
  [/^exit status \d+\n/gm, ""],
  [/bunker/g, "docker"],
  [/\.$/gm, ""],
];

/** @param folder the side's own */
export function normalise({ exitCode, stdout, stderr }: Outcome, folder: string): Outcome {
  return {
    exitCode,
    stdout: applyRules(stdout.replaceAll(folder, "<folder>"), everywhere),
    stderr: normaliseMessages(stderr.replaceAll(folder, "<folder>")),
  };
}

function normaliseMessages(text: string): string {
  const plain = applyRules(applyRules(text, inMessages), everywhere);
  return plain.replace(/^[A-Z]/gm, (letter) => letter.toLowerCase());
}

function applyRules(text: string, rules: readonly Rule[]): string {
  return rules.reduce(
    (result, [pattern, replacement]) => result.replace(pattern, replacement),
    text,
  );
}
