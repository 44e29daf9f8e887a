// An explanation as a person reads it: rooms, reasons, calls.

import {
  countAll,
  type ExplainedCall,
  type ExplainedStep,
  type Explanation,
  type Room,
  type SeccompSummary,
} from "./explanation.ts";
import { foldCalls, type Fold } from "./fold.ts";
import { makeStyle, type Style, wrap } from "./style.ts";

/** Where the text goes. */
export interface Page {
  /** Characters in a line. */
  readonly columns: number;
  /** Whether it may use bold and dim. */
  readonly styled: boolean;
}

const STEP_INDENT = 3;
const CALL_INDENT = 7;

/** The whole text, with a newline at its end. */
export function formatText(explanation: Explanation, page: Page): string {
  const writer = new Writer(page);
  for (const note of explanation.notes) writer.paragraph(note, 0);
  explanation.rooms.forEach((room, i) => writer.room(room, i + 1));
  if (explanation.seccomp !== undefined) writer.seccomp(explanation.seccomp);
  writer.totals(explanation);
  return writer.text();
}

class Writer {
  readonly #lines: string[] = [];
  readonly #style: Style;

  constructor(private readonly page: Page) {
    this.#style = makeStyle(page.styled);
  }

  text(): string {
    return `${this.#lines.join("\n")}\n`;
  }

  paragraph(text: string, indent: number, style = (line: string) => line): void {
    for (const line of wrap(text, this.page.columns, indent, indent)) this.#lines.push(style(line));
  }

  room({ title, about, steps }: Room, number: number): void {
    this.#lines.push("", this.#style.heading(`${number}  ${title}`));
    this.paragraph(about, STEP_INDENT);
    for (const step of steps) this.#step(step);
  }

  #step({ who, why, calls, fallback }: ExplainedStep): void {
    this.#lines.push("");
    const lines = wrap(`${who}: ${why}`, this.page.columns, STEP_INDENT, STEP_INDENT + 2);
    for (const line of lines) this.#lines.push(this.#style.why(line));
    for (const fold of foldCalls(calls)) this.#fold(fold, CALL_INDENT);
    if (fallback === undefined || fallback.calls.length === 0) return;
    const condition = `if ${fallback.on.join(" or ")}: ${fallback.why}`;
    this.paragraph(condition, CALL_INDENT, this.#style.note);
    for (const fold of foldCalls(fallback.calls)) this.#fold(fold, CALL_INDENT + 2);
    this.paragraph("and then the step again", CALL_INDENT, this.#style.note);
  }

  #fold({ calls, again, about }: Fold, indent: number): void {
    for (const call of calls) this.#call(call, indent);
    if (again === 0) return;
    const what = calls.length === 1 ? `${again} more like it` : `and the same ${again} times more`;
    this.paragraph(`… ${what}: ${about.join(", ")}`, indent, this.#style.note);
  }

  #call(call: ExplainedCall, indent: number): void {
    const notes = describeOutcome(call);
    const lines = wrap(call.text, this.page.columns, indent, indent + 4);
    const last = lines.pop() ?? "";
    this.#lines.push(...lines);
    const note = notes === "" ? "" : `  ${notes}`;
    if (last.length + note.length <= this.page.columns) {
      this.#lines.push(last + this.#style.note(note));
      return;
    }
    this.#lines.push(last);
    this.paragraph(notes, indent + 4, this.#style.note);
  }

  seccomp({ instructions, origin, allowed, conditional, refused }: SeccompSummary): void {
    this.#lines.push("", this.#style.heading("The seccomp filter"));
    this.paragraph(`${instructions} BPF instructions, ${origin}.`, STEP_INDENT);
    const rest = Object.entries(refused).map(([answer, count]) => `${count} get ${answer}`);
    const text = `Of this machine's system calls ${allowed} are allowed, ${rest.join(", ")}, and ${conditional.length} depend on their arguments: ${conditional.join(", ")}.`;
    this.paragraph(text, STEP_INDENT);
  }

  totals({ rooms, namespaces }: Explanation): void {
    const { steps, calls } = countAll(rooms);
    const names = namespaces.length === 0 ? "no namespace" : namespaces.join(", ");
    this.#lines.push("", this.#style.heading("In all"));
    const counts = [
      plural(steps, "step"),
      plural(calls, "system call"),
      plural(namespaces.length, "namespace"),
    ];
    this.paragraph(`${counts.join(", ")}: ${names}.`, STEP_INDENT);
  }
}

/** What becomes of the result: `→ <rootfs>`, `EEXIST will do`, `if it works, skip 3`. */
function describeOutcome(call: ExplainedCall): string {
  const parts: string[] = [];
  const { into, tolerate, skipAfterError = 0, skipAfterSuccess = 0 } = call;
  if (into !== undefined) parts.push(`→ ${into}`);
  // Any errno: the room says where that leads.
  if (tolerate !== undefined && tolerate !== "any") {
    const outcome = skipAfterError === 0 ? "no error" : skipText(skipAfterError);
    parts.push(`${tolerate.join(", ")}: ${outcome}`);
  }
  if (skipAfterSuccess > 0) parts.push(`success: ${skipText(skipAfterSuccess)}`);
  return parts.join("; ");
}

const plural = (count: number, noun: string): string => `${count} ${noun}${count === 1 ? "" : "s"}`;

const skipText = (count: number): string =>
  count === 1 ? "skips the next call" : `skips the next ${count} calls`;
