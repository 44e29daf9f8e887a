// The question before something is taken away for good.
import { readSync } from "node:fs";
import type { CommandContext } from "../command.ts";

/** Asks in docker's words; true for an answer that begins with y. Nothing on stdin is a no. */
export function askToContinue(warning: string, context: CommandContext): boolean {
  context.write(`${warning}Are you sure you want to continue? [y/N] `);
  const isYes = /^\s*y(es)?\s*$/i.test(readLine());
  if (!isYes) context.write("\n");
  return isYes;
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
