// Tokens → the tree of a template.
import { refuseTemplate, splitTemplate, type Piece, type Token } from "./lexer.ts";

/** What is evaluated to a value. */
export type Expression =
  | { readonly kind: "literal"; readonly value: string | number | boolean | null }
  | { readonly kind: "dot" }
  | { readonly kind: "variable"; readonly name: string }
  | {
      readonly kind: "field";
      readonly of: Expression;
      readonly name: string;
      readonly at: number;
      /** The whole chain as it was written, for messages: `.Config.Env`. */
      readonly written: string;
    }
  | { readonly kind: "function"; readonly name: string; readonly at: number }
  | { readonly kind: "pipeline"; readonly pipeline: Pipeline };

/** A value, or a function or method and its arguments. */
export interface Command {
  readonly operator: Expression;
  readonly args: readonly Expression[];
}

/** Commands, each of which gets the value of the one before as its last argument. */
export interface Pipeline {
  /** `$a :=`, `$i, $a :=` (range only). */
  readonly variables: readonly string[];
  /** `=` instead of `:=`. */
  readonly assigns: boolean;
  readonly commands: readonly Command[];
}

/** A part of the tree. */
export type Node =
  | { readonly kind: "text"; readonly text: string }
  | { readonly kind: "print"; readonly pipeline: Pipeline }
  | { readonly kind: "break" | "continue" }
  | {
      readonly kind: "if" | "with" | "range";
      readonly pipeline: Pipeline;
      readonly then: readonly Node[];
      readonly otherwise: readonly Node[];
    };

/** Returns the tree of a template. @throws UserError in the words of Go's parser, exit code 1 */
export function parseTemplate(source: string, functions: ReadonlySet<string>): readonly Node[] {
  const reader: Reader = { pieces: splitTemplate(source), index: 0, functions };
  const { nodes, stop } = parseNodes(reader, 0);
  if (stop !== undefined) throw refuseTemplate(`unexpected {{${stop.word}}}`);
  return nodes;
}

interface Reader {
  readonly pieces: readonly Piece[];
  index: number;
  readonly functions: ReadonlySet<string>;
}

/** `{{end}}` or `{{else …}}`, which ends a list of nodes. */
interface Stop {
  readonly word: string;
  readonly rest: readonly Token[];
}

function parseNodes(
  reader: Reader,
  loops: number,
): { readonly nodes: Node[]; readonly stop?: Stop } {
  const nodes: Node[] = [];
  while (reader.index < reader.pieces.length) {
    const piece = reader.pieces[reader.index++];
    if (piece === undefined) break;
    if (piece.kind === "text") {
      nodes.push(piece);
      continue;
    }
    const [first, ...rest] = piece.tokens;
    const word = first?.kind === "name" ? first.text : "";
    if (word === "end" || word === "else") return { nodes, stop: { word, rest } };
    nodes.push(parseAction(reader, word, piece.tokens, loops));
  }
  return { nodes };
}

function parseAction(reader: Reader, word: string, tokens: readonly Token[], loops: number): Node {
  if (word === "if" || word === "with" || word === "range") {
    return parseBlock(reader, word, tokens.slice(1), loops);
  }
  if (word === "break" || word === "continue") {
    if (loops === 0) throw refuseTemplate(`{{${word}}} outside {{range}}`);
    return { kind: word };
  }
  if (word === "define" || word === "template" || word === "block") {
    throw refuseTemplate(`{{${word}}} is not supported`);
  }
  return { kind: "print", pipeline: parsePipeline(tokens, reader.functions, "command") };
}

function parseBlock(
  reader: Reader,
  kind: "if" | "with" | "range",
  tokens: readonly Token[],
  loops: number,
): Node {
  const pipeline = parsePipeline(tokens, reader.functions, kind);
  const inside = loops + (kind === "range" ? 1 : 0);
  const { nodes: then, stop } = parseNodes(reader, inside);
  if (stop === undefined) throw refuseTemplate("unexpected EOF");
  if (stop.word === "end") return { kind, pipeline, then, otherwise: [] };
  const [chained] = stop.rest;
  if (chained?.kind === "name" && (chained.text === "if" || chained.text === "with")) {
    // `{{else if …}}` shares the one {{end}}.
    const nested = parseBlock(reader, chained.text, stop.rest.slice(1), loops);
    return { kind, pipeline, then, otherwise: [nested] };
  }
  const { nodes: otherwise, stop: last } = parseNodes(reader, loops);
  if (last?.word !== "end") throw refuseTemplate("unexpected EOF");
  return { kind, pipeline, then, otherwise };
}

interface TokenReader {
  readonly tokens: readonly Token[];
  index: number;
  readonly functions: ReadonlySet<string>;
}

function parsePipeline(
  tokens: readonly Token[],
  functions: ReadonlySet<string>,
  context: string,
): Pipeline {
  const reader: TokenReader = { tokens, index: 0, functions };
  const pipeline = readPipeline(reader, context);
  const rest = tokens[reader.index];
  if (rest !== undefined) throw refuseTemplate(`unexpected ${describe(rest)} in ${context}`);
  return pipeline;
}

function readPipeline(reader: TokenReader, context: string): Pipeline {
  const declared = readDeclaration(reader, context);
  const commands: Command[] = [];
  do commands.push(readCommand(reader, context, commands.length > 0));
  while (takeSign(reader, "|"));
  return { ...declared, commands };
}

/** `$a :=`, `$a =`, `$i, $a :=`; nothing where the pipeline begins with a value. */
function readDeclaration(
  reader: TokenReader,
  context: string,
): Pick<Pipeline, "variables" | "assigns"> {
  const [first, sign, second, last] = reader.tokens.slice(reader.index, reader.index + 4);
  if (first?.kind !== "variable" || sign?.kind !== "sign") return { variables: [], assigns: false };
  if (sign.text === ":=" || sign.text === "=") {
    reader.index += 2;
    return { variables: [first.text], assigns: sign.text === "=" };
  }
  const isPair = context === "range" && sign.text === "," && second?.kind === "variable";
  if (!isPair || (last?.text !== ":=" && last?.text !== "=")) {
    return { variables: [], assigns: false };
  }
  reader.index += 4;
  return { variables: [first.text, second.text], assigns: last.text === "=" };
}

function readCommand(reader: TokenReader, context: string, isPiped: boolean): Command {
  const operands: Expression[] = [];
  for (;;) {
    const token = reader.tokens[reader.index];
    const isEnd = token === undefined || (token.kind === "sign" && /^[|)]$/.test(token.text));
    if (isEnd) break;
    operands.push(readOperand(reader, context));
  }
  const [operator, ...args] = operands;
  if (operator === undefined) throw refuseTemplate(`missing value for ${context}`);
  if (isPiped && operator.kind === "literal") {
    throw refuseTemplate("non executable command in pipeline stage 2");
  }
  return { operator, args };
}

function readOperand(reader: TokenReader, context: string): Expression {
  const start = reader.index;
  const token = reader.tokens[reader.index++];
  if (token === undefined) throw refuseTemplate(`missing value for ${context}`);
  const term = readTerm(reader, token, context);
  const fields = takeFields(reader);
  const [first] = fields;
  if (first === undefined) return term;
  // Go names a chain as a whole, and the place of what follows its first part.
  const whole = reader.tokens.slice(start, reader.index).map(writeToken).join("");
  const told = { at: first.at, written: whole };
  return fields.reduce<Expression>(
    (of, { text }) => ({ kind: "field", of, name: text, ...told }),
    term.kind === "field" ? { ...term, ...told } : term,
  );
}

function takeFields(reader: TokenReader): Token[] {
  const fields: Token[] = [];
  for (;;) {
    const next = reader.tokens[reader.index];
    if (next?.kind !== "field" || next.spaced) return fields;
    fields.push(next);
    reader.index++;
  }
}

function readTerm(reader: TokenReader, token: Token, context: string): Expression {
  const { kind, text, at } = token;
  if (kind === "string") return { kind: "literal", value: text };
  if (kind === "number") return { kind: "literal", value: parseNumber(text) };
  if (kind === "variable") return { kind: "variable", name: text };
  if (kind === "field") {
    return { kind: "field", of: { kind: "dot" }, name: text, at, written: `.${text}` };
  }
  if (kind === "name") return readName(reader, token);
  if (text === ".") return { kind: "dot" };
  if (text !== "(") throw refuseTemplate(`unexpected ${describe(token)} in ${context}`);
  const pipeline = readPipeline(reader, "parenthesized pipeline");
  if (!takeSign(reader, ")")) throw refuseTemplate("unclosed left paren");
  return { kind: "pipeline", pipeline };
}

function readName(reader: TokenReader, { text, at }: Token): Expression {
  if (text === "true" || text === "false") return { kind: "literal", value: text === "true" };
  if (text === "nil") return { kind: "literal", value: null };
  if (!reader.functions.has(text)) {
    throw refuseTemplate(`function ${JSON.stringify(text)} not defined`);
  }
  return { kind: "function", name: text, at };
}

function takeSign(reader: TokenReader, text: string): boolean {
  const token = reader.tokens[reader.index];
  if (token?.kind !== "sign" || token.text !== text) return false;
  reader.index++;
  return true;
}

function parseNumber(text: string): number {
  const plain = text.replaceAll("_", "");
  const negative = plain.startsWith("-");
  const digits = plain.replace(/^[+-]/, "");
  const isOctal = /^0[0-7]+$/.test(digits);
  const value = Number(isOctal ? `0o${digits.slice(1)}` : digits);
  return negative ? -value : value;
}

function writeToken({ kind, text }: Token): string {
  return kind === "field" ? `.${text}` : kind === "string" ? JSON.stringify(text) : text;
}

/** A token as Go's messages write it. */
function describe(token: Token): string {
  return `<${writeToken(token)}>`;
}
