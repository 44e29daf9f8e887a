// Which of several conditional rules of one system call comes first.
//
// Where they overlap and differ in action, the outcome is libseccomp's: not the order in the
// profile decides, but a fixed one, as libseccomp keeps the comparisons of a system call in a tree.
// Each level of it is in descending order: later arguments before earlier ones, upper halves before
// lower ones, equality before "less" before "greater", the narrower range before the wider. Rules
// that begin with the same comparison share the node. Profiles are written against that behaviour
// (and against its refusal of a contradiction), so the same tree is built here, of the comparisons
// only: the code is generated from the list of rules that a walk through it gives.
//
// libseccomp (2.5.4, 2.6.1) merges whole chains of comparisons and now and then loses a rule where
// many of them overlap on one argument, so that a call gets an action which no rule asks for. That
// is not imitated: a rule that holds is never passed over for the default.
import type { Condition } from "./conditions.ts";

/** Conditions that must all hold, and what then happens. */
export interface ConditionalRule {
  readonly conditions: readonly Condition[];
  readonly action: number;
}

/** One 32-bit comparison, and which outcome of it leads on. */
interface Step {
  readonly word: number;
  readonly op: "EQ" | "GT" | "GE" | "MASKED_EQ";
  readonly rank: number;
  readonly smallerFirst: boolean;
  readonly mask: number;
  readonly value: number;
  readonly outcome: 0 | 1;
}

interface Node {
  readonly step: Step;
  /** By outcome. */
  readonly ends: [ConditionalRule | undefined, ConditionalRule | undefined];
  readonly next: [Node[], Node[]];
}

/** The conditional rules of one system call, in the order in which they are tried. */
export interface RuleTree {
  readonly bits: 32 | 64;
  readonly level: Node[];
}

/** A tree without a rule. */
export function makeRuleTree(bits: 32 | 64): RuleTree {
  return { bits, level: [] };
}

/**
 * Adds a rule to the tree, unless one is there that covers it.
 * @param rule of at least one condition, in the order of the arguments
 * @returns false for a contradiction: the same, or fewer, conditions and another action
 */
export function addRule(tree: RuleTree, rule: ConditionalRule): boolean {
  const steps = rule.conditions.flatMap((condition) => stepsOf(condition, tree.bits));
  const last = steps.length - 1;
  let level = tree.level;
  for (const [i, step] of steps.entries()) {
    const node = nodeFor(level, step);
    if (i === last) return endAt(node, step.outcome, rule);
    if (node.ends[step.outcome] !== undefined) return true;
    level = node.next[step.outcome];
  }
  return true;
}

function endAt(node: Node, outcome: 0 | 1, rule: ConditionalRule): boolean {
  const end = node.ends[outcome];
  if (end !== undefined) return end.action === rule.action;
  if (rulesOf(node.next[outcome]).some((longer) => longer.action !== rule.action)) return false;
  node.next[outcome] = [];
  node.ends[outcome] = rule;
  return true;
}

/** The rules of a tree, first to last; the first that holds decides. */
export function orderedRules(tree: RuleTree): readonly ConditionalRule[] {
  return rulesOf(tree.level);
}

function rulesOf(level: readonly Node[]): ConditionalRule[] {
  return level.flatMap((node) => [...rulesBehind(node, 1), ...rulesBehind(node, 0)]);
}

function rulesBehind(node: Node, outcome: 0 | 1): ConditionalRule[] {
  const end = node.ends[outcome];
  return end === undefined ? rulesOf(node.next[outcome]) : [end];
}

/** The node of a step on its level, made where there is none yet. */
function nodeFor(level: Node[], step: Step): Node {
  let i = 0;
  for (const node of level) {
    if (isSameComparison(node.step, step)) return node;
    if (comesBehind(node.step, step)) break;
    i++;
  }
  const node: Node = { step, ends: [undefined, undefined], next: [[], []] };
  level.splice(i, 0, node);
  return node;
}

function isSameComparison(a: Step, b: Step): boolean {
  return a.word === b.word && a.op === b.op && a.value === b.value && a.mask === b.mask;
}

function comesBehind(a: Step, b: Step): boolean {
  if (a.word !== b.word) return a.word < b.word;
  if (a.rank !== b.rank) return a.rank < b.rank;
  return a.smallerFirst ? a.value > b.value : a.value < b.value;
}

/** The comparisons of a condition, in the order in which they are made. */
function stepsOf(condition: Condition, bits: 32 | 64): readonly Step[] {
  const { op } = condition;
  const smallerFirst = op === "LT" || op === "LE";
  const rank = op === "EQ" || op === "NE" || op === "MASKED_EQ" ? 3 : smallerFirst ? 2 : 1;
  const step = (half: 0 | 1, compare: Step["op"], outcome: 0 | 1): Step => ({
    word: condition.index * 2 + half,
    op: compare,
    rank,
    smallerFirst,
    mask: half === 1 ? condition.maskHigh : condition.maskLow,
    value: half === 1 ? condition.valueHigh : condition.valueLow,
    outcome,
  });
  if (rank === 3) {
    const equality = op === "MASKED_EQ" ? op : "EQ";
    const low = step(0, equality, op === "NE" ? 0 : 1);
    return bits === 32 ? [low] : [step(1, equality, 1), low];
  }
  const low = step(0, op === "GT" || op === "LE" ? "GT" : "GE", smallerFirst ? 0 : 1);
  return bits === 32 ? [low] : [step(1, "GT", 0), step(1, "EQ", 1), low];
}
