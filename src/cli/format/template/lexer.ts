// A Go template as text and the tokens of its actions: text/template/parse, as far as `--format`
// needs it.
import { UserError } from "../../../errors.ts";

/** What an action is made of. */
export interface Token {
  readonly kind: "name" | "field" | "variable" | "string" | "number" | "sign";
  /** A field without its dot; a string without its quotes, its escapes resolved. */
  readonly text: string;
  /** Whether white space stands before it: `.A .B` is two values, `.A.B` one. */
  readonly spaced: boolean;
  /** Where it begins in the template, from 0. */
  readonly at: number;
}

/** A piece of a template. */
export type Piece =
  | { readonly kind: "text"; readonly text: string }
  | { readonly kind: "action"; readonly tokens: readonly Token[]; readonly at: number };

/** Returns the refusal of a template, in docker's words. */
export function refuseTemplate(reason: string, line = 1): UserError {
  return new UserError(`template parsing error: template: :${line}: ${reason}`, undefined, 1);
}

/** Returns the pieces of a template. @throws UserError for an action that does not end */
export function splitTemplate(source: string): Piece[] {
  const pieces: Piece[] = [];
  let index = 0;
  let trimNext = false;
  while (index < source.length) {
    const open = source.indexOf("{{", index);
    let text = source.slice(index, open < 0 ? undefined : open);
    if (trimNext) text = text.trimStart();
    if (open < 0) {
      if (text !== "") pieces.push({ kind: "text", text });
      break;
    }
    const trimsLeft = /^\{\{-[ \t\r\n]/.test(source.slice(open, open + 4));
    if (trimsLeft) text = text.trimEnd();
    if (text !== "") pieces.push({ kind: "text", text });
    const action = readAction(source, open + (trimsLeft ? 3 : 2));
    if (action.tokens.length > 0) pieces.push({ kind: "action", ...action });
    else if (!action.isComment) throw refuseTemplate("missing value for command");
    index = action.end;
    trimNext = action.trimsRight;
  }
  return pieces;
}

interface Action {
  readonly tokens: readonly Token[];
  readonly at: number;
  readonly end: number;
  readonly trimsRight: boolean;
  readonly isComment: boolean;
}

function readAction(source: string, start: number): Action {
  const comment = /^\s*\/\*[\s\S]*?\*\/(\s-)?\}\}/.exec(source.slice(start));
  if (comment !== null) {
    const trimsRight = comment[1] !== undefined;
    return { tokens: [], at: start, end: start + comment[0].length, trimsRight, isComment: true };
  }
  const tokens: Token[] = [];
  let index = start;
  for (;;) {
    const space = /^[ \t\r\n]+/.exec(source.slice(index))?.[0] ?? "";
    const rest = source.slice(index + space.length);
    if (rest === "") throw refuseTemplate("unclosed action");
    const closing = space !== "" && rest.startsWith("-}}") ? 3 : rest.startsWith("}}") ? 2 : 0;
    if (closing > 0) {
      const end = index + space.length + closing;
      return { tokens, at: start, end, trimsRight: closing === 3, isComment: false };
    }
    index += space.length;
    const token = readToken(rest, space !== "", index);
    tokens.push(token.token);
    index += token.length;
  }
}

const number = /^[+-]?(0x[0-9a-f_]+|0b[01_]+|0o?[0-7_]+|\d[\d_]*(\.\d*)?(e[+-]?\d+)?|\.\d+)/i;

const patterns: readonly (readonly [kind: Token["kind"], pattern: RegExp])[] = [
  ["field", /^\.[\p{L}_][\p{L}\p{Nd}_]*/u],
  ["variable", /^\$[\p{L}\p{Nd}_]*/u],
  ["number", number],
  ["name", /^[\p{L}_][\p{L}\p{Nd}_]*/u],
  ["sign", /^(:=|[.|(),=])/],
];

function readToken(
  rest: string,
  spaced: boolean,
  at: number,
): { readonly token: Token; readonly length: number } {
  const first = rest.charAt(0);
  if (first === '"' || first === "`" || first === "'") return readString(rest, spaced, at);
  for (const [kind, pattern] of patterns) {
    const found = pattern.exec(rest)?.[0];
    if (found === undefined) continue;
    const text = kind === "field" ? found.slice(1) : found;
    return { token: { kind, text, spaced, at }, length: found.length };
  }
  throw refuseTemplate(`unexpected ${JSON.stringify(first)} in command`);
}

function readString(
  rest: string,
  spaced: boolean,
  at: number,
): { readonly token: Token; readonly length: number } {
  const quote = rest.charAt(0);
  const pattern = {
    '"': /^"((?:[^"\\\n]|\\.)*)"/,
    "'": /^'((?:[^'\\\n]|\\.)+)'/,
    "`": /^`([^`]*)`/,
  }[quote];
  const found = pattern?.exec(rest);
  if (!found) {
    const what = { '"': "quoted string", "'": "character constant" }[quote] ?? "raw quoted string";
    throw refuseTemplate(`unterminated ${what}`);
  }
  const inner = found[1] ?? "";
  const length = found[0].length;
  if (quote === "`") return { token: { kind: "string", text: inner, spaced, at }, length };
  const text = unescape(inner);
  if (quote === '"') return { token: { kind: "string", text, spaced, at }, length };
  // A character constant is a number.
  const code = String(text.codePointAt(0) ?? 0);
  return { token: { kind: "number", text: code, spaced, at }, length };
}

const escapes: Readonly<Record<string, string>> = {
  a: "\x07",
  b: "\b",
  f: "\f",
  n: "\n",
  r: "\r",
  t: "\t",
  v: "\v",
};

function unescape(text: string): string {
  const escape = /\\(x[0-9a-fA-F]{2}|u[0-9a-fA-F]{4}|U[0-9a-fA-F]{8}|[0-7]{3}|.)/g;
  return text.replace(escape, (_whole, code: string) => {
    if (/^[xuU]./.test(code)) return String.fromCodePoint(parseInt(code.slice(1), 16));
    if (/^[0-7]{3}$/.test(code)) return String.fromCharCode(parseInt(code, 8));
    return escapes[code] ?? code;
  });
}
