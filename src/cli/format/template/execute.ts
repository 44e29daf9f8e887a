// A template's tree and a value → text, as text/template executes it.
import { UserError } from "../../../errors.ts";
import { functions, type TemplateFunction } from "./functions.ts";
import type { Command, Expression, Node, Pipeline } from "./parser.ts";
import { isFields, isList, isTrue, printValue, type Fields, type Value } from "./values.ts";

/** How a template that refers to what is not there is answered. */
export interface ExecutionOptions {
  /** Go's name of the type of `.`, for messages: `*formatter.imageContext`. Absent: it is a map. */
  readonly typeName?: string;
  /** A key that a map in the data has not is `<no value>`: docker's rows, unlike its `inspect`. */
  readonly allowsMissing?: boolean;
  /** Functions beside docker's own, or instead of them. */
  readonly functions?: Readonly<Record<string, TemplateFunction>>;
}

/** Returns what the template makes of a value. @throws UserError exit code 1, in Go's words */
export function executeTemplate(
  nodes: readonly Node[],
  data: Value,
  options: ExecutionOptions = {},
): string {
  const state: State = { data, options, out: "", scopes: [new Map([["$", data]])] };
  walk(nodes, data, state);
  return state.out;
}

interface State {
  readonly data: Value;
  readonly options: ExecutionOptions;
  out: string;
  readonly scopes: Map<string, Value>[];
}

type Leaving = "break" | "continue" | undefined;

function walk(nodes: readonly Node[], dot: Value, state: State): Leaving {
  for (const node of nodes) {
    if (node.kind === "text") state.out += node.text;
    else if (node.kind === "print") printNode(node.pipeline, dot, state);
    else if ("then" in node) {
      const leaving = walkBlock(node, dot, state);
      if (leaving !== undefined) return leaving;
    } else return node.kind;
  }
  return undefined;
}

function printNode(pipeline: Pipeline, dot: Value, state: State): void {
  const value = evaluatePipeline(pipeline, dot, state);
  if (pipeline.variables.length === 0) state.out += printValue(value);
}

type Block = Extract<Node, { pipeline: Pipeline; then: readonly Node[] }>;

function walkBlock(node: Block, dot: Value, state: State): Leaving {
  state.scopes.push(new Map());
  try {
    if (node.kind === "range") {
      walkRange(node, dot, state);
      return undefined;
    }
    const value = evaluatePipeline(node.pipeline, dot, state);
    if (!isTrue(value)) return walk(node.otherwise, dot, state);
    return walk(node.then, node.kind === "with" ? value : dot, state);
  } finally {
    state.scopes.pop();
  }
}

function walkRange(node: Block, dot: Value, state: State): void {
  const { variables, assigns } = node.pipeline;
  const value = evaluatePipeline({ ...node.pipeline, variables: [] }, dot, state);
  const entries = listEntries(value);
  if (entries.length === 0) walk(node.otherwise, dot, state);
  for (const [key, item] of entries) {
    state.scopes.push(new Map());
    const [first, second] = variables;
    if (second !== undefined) {
      setVariable(state, first ?? "", key, assigns);
      setVariable(state, second, item, assigns);
    } else if (first !== undefined) setVariable(state, first, item, assigns);
    const leaving = walk(node.then, item, state);
    state.scopes.pop();
    if (leaving === "break") break;
  }
}

function listEntries(value: Value): (readonly [Value, Value])[] {
  if (isList(value)) return value.map((item, index) => [index, item] as const);
  if (typeof value === "number") return Array.from({ length: value }, (_, index) => [index, index]);
  if (isFields(value)) {
    const keys = Object.keys(value).sort();
    return keys.map((key) => [key, value[key]] as const);
  }
  if (value === null || value === undefined) return [];
  throw refuse(`range can't iterate over ${printValue(value)}`);
}

function evaluatePipeline(pipeline: Pipeline, dot: Value, state: State): Value {
  let value: Value;
  pipeline.commands.forEach((command, index) => {
    value = evaluateCommand(command, dot, state, index === 0 ? [] : [value]);
  });
  for (const name of pipeline.variables) setVariable(state, name, value, pipeline.assigns);
  return value;
}

function evaluateCommand(
  { operator, args }: Command,
  dot: Value,
  state: State,
  piped: readonly Value[],
): Value {
  if (operator.kind === "function") {
    const { name } = operator;
    if (name === "and" || name === "or") return evaluateShort(name, args, dot, state, piped);
    return callFunction(
      operator,
      [...args.map((arg) => evaluate(arg, dot, state)), ...piped],
      state,
    );
  }
  if (operator.kind === "field") {
    const values = [...args.map((arg) => evaluate(arg, dot, state)), ...piped];
    return evaluateField(operator, dot, state, values);
  }
  if (args.length + piped.length > 0) {
    throw refuse("can't give argument to non-function");
  }
  return evaluate(operator, dot, state);
}

/** The arguments after the one that decides are not evaluated. */
function evaluateShort(
  name: "and" | "or",
  args: readonly Expression[],
  dot: Value,
  state: State,
  piped: readonly Value[],
): Value {
  let value: Value;
  for (const arg of args) {
    value = evaluate(arg, dot, state);
    if (isTrue(value) === (name === "or")) return value;
  }
  return piped.length > 0 ? piped[0] : value;
}

function callFunction(
  { name, at }: Extract<Expression, { kind: "function" }>,
  args: readonly Value[],
  state: State,
): Value {
  const called = state.options.functions?.[name] ?? functions[name];
  if (called === undefined) throw refuse(`function "${name}" not defined`);
  const [least, most] = called.takes;
  if (args.length < least || args.length > most) {
    const wanted = least === most ? `${least}` : `at least ${least}`;
    throw refuse(`wrong number of args for ${name}: want ${wanted} got ${args.length}`, at, name);
  }
  try {
    return called.call(...args);
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
    throw refuse(`error calling ${name}: ${error.message}`, at, name);
  }
}

function evaluate(expression: Expression, dot: Value, state: State): Value {
  switch (expression.kind) {
    case "literal":
      return expression.value;
    case "dot":
      return dot;
    case "variable":
      return findVariable(state, expression.name);
    case "function":
      return evaluateCommand({ operator: expression, args: [] }, dot, state, []);
    case "pipeline":
      return evaluatePipeline(expression.pipeline, dot, state);
    case "field":
      return evaluateField(expression, dot, state, []);
  }
}

function evaluateField(
  field: Extract<Expression, { kind: "field" }>,
  dot: Value,
  state: State,
  args: readonly Value[],
): Value {
  const { name, at, written } = field;
  const owner = evaluate(field.of, dot, state);
  if (isFields(owner) && Object.hasOwn(owner, name)) {
    const value = owner[name];
    if (typeof value === "function") return value(...args);
    if (args.length === 0) return value;
    throw refuse(`${name} has arguments but cannot be invoked as function`, at, written);
  }
  const isPart = isFields(owner) && owner !== state.data;
  if (isPart && state.options.allowsMissing === true) return undefined;
  throw refuseField(owner, field, state);
}

function refuseField(
  owner: Value,
  { name, at, written }: Extract<Expression, { kind: "field" }>,
  state: State,
): UserError {
  const { typeName } = state.options;
  if (isFields(owner)) {
    const isRow = owner === (state.data as Fields) && typeName !== undefined;
    const reason = isRow
      ? `can't evaluate field ${name} in type ${typeName}`
      : `map has no entry for key "${name}"`;
    return refuse(reason, at, written);
  }
  if (owner === null || owner === undefined) {
    return refuse(`nil data; no entry for key "${name}"`, at, written);
  }
  return refuse(`can't evaluate field ${name} in type ${goType(owner)}`, at, written);
}

function goType(value: Value): string {
  if (isList(value)) return "[]interface {}";
  return { string: "string", number: "float64", boolean: "bool" }[typeof value as string] ?? "func";
}

function findVariable(state: State, name: string): Value {
  for (const scope of state.scopes.toReversed()) if (scope.has(name)) return scope.get(name);
  throw refuse(`undefined variable "${name}"`);
}

function setVariable(state: State, name: string, value: Value, assigns: boolean): void {
  const scopes = state.scopes.toReversed();
  const owner = assigns ? scopes.find((scope) => scope.has(name)) : scopes[0];
  if (owner === undefined) throw refuse(`undefined variable "${name}"`);
  owner.set(name, value);
}

function refuse(reason: string, at?: number, written?: string): UserError {
  const place = at === undefined ? "" : `:${at}`;
  const where = written === undefined ? "" : ` executing "" at <${written}>:`;
  const message = `template parsing error: template: :1${place}:${where} ${reason}`;
  return new UserError(message, undefined, 1);
}
