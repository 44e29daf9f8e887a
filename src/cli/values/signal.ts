// Signals by name or number, signal(7).
import { UserError } from "../../errors.ts";

// Order: by number, from 1 to 31; x86-64 and arm64 agree on all of them.
const names =
  "HUP INT QUIT ILL TRAP ABRT BUS FPE KILL USR1 SEGV USR2 PIPE ALRM TERM STKFLT CHLD CONT STOP " +
  "TSTP TTIN TTOU URG XCPU XFSZ VTALRM PROF WINCH IO PWR SYS";

/** Returns the signal's name with SIG in front; `9`, `kill` and `SIGKILL` are one. */
export function parseSignal(text: string): string {
  const list = names.split(" ");
  const word = text.toUpperCase().replace(/^SIG/, "");
  const alias = { POLL: "IO", CLD: "CHLD", IOT: "ABRT" }[word] ?? word;
  if (list.includes(alias)) return `SIG${alias}`;
  const number = /^\d{1,2}$/.test(text) ? Number(text) : 0;
  const named = list[number - 1];
  if (named !== undefined) return `SIG${named}`;
  const realtime = number > 0 ? nameRealtime(number) : checkRealtime(alias);
  if (realtime === undefined) throw new UserError(`invalid signal: ${text}`);
  return realtime;
}

// Kernel: 32 and 33 are the C library's own; glibc and musl both begin at 34 and end at 64.
function nameRealtime(number: number): string | undefined {
  if (number < 34 || number > 64) return undefined;
  return number === 34 ? "SIGRTMIN" : `SIGRTMIN+${number - 34}`;
}

function checkRealtime(word: string): string | undefined {
  const match = /^RT(MIN|MAX)(?:([+-])(\d{1,2}))?$/.exec(word);
  if (match === null) return undefined;
  const offset = Number(`${match[2] ?? "+"}${match[3] ?? "0"}`);
  return nameRealtime((match[1] === "MIN" ? 34 : 64) + offset);
}
