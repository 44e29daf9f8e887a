// The question before something is taken away for good.
import { readSync } from "node:fs";
import { UserError } from "../../errors.ts";
import type { CommandContext } from "../command.ts";

/** Asks in docker's words; true for an answer that begins with y. Nothing on stdin is a no. */
export function askToContinue(warning: string, context: CommandContext): boolean {
  context.write(`${warning}Are you sure you want to continue? [y/N] `);
  return /^\s*y(es)?\s*$/i.test(readLine());
}

function readLine(): string {
  const byte = new Uint8Array(1);
  let line = "";
  while (line.length < 100) {
    if (readByte(byte) === 0 || byte[0] === 0x0a) break;
    line += String.fromCharCode(byte[0] ?? 0);
  }
  return line;
}

function readByte(byte: Uint8Array): number {
  try {
    return readSync(0, byte);
  } catch {
    return 0;
  }
}

/** Asks for a line. */
export function askLine(question: string, context: CommandContext): string {
  context.write(question);
  return readLine().trim();
}

/** Asks for a line that is not to be seen while it is typed. */
export function askSecret(question: string, context: CommandContext): string {
  context.write(question);
  process.stdin.setRawMode(true);
  try {
    return readHidden();
  } finally {
    process.stdin.setRawMode(false);
    context.write("\n");
  }
}

const interrupt = 3;
const backspaces = [8, 127];

function readHidden(): string {
  const byte = new Uint8Array(1);
  const typed: number[] = [];
  while (readByte(byte) > 0) {
    const [code = 0] = byte;
    if (code === interrupt) throw new UserError("interrupted", undefined, 130);
    if (code === 0x0a || code === 0x0d) break;
    if (backspaces.includes(code)) typed.pop();
    else typed.push(code);
  }
  return new TextDecoder().decode(Uint8Array.from(typed));
}
