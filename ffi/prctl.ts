// sys/prctl.h: what a process may set about itself.

import { formatValue, PR } from "./constants.ts";
import { check, cString, library } from "./library.ts";

const prctlH = library({ prctl: ["i32", "i32", "i64", "i64", "i64", "i64"] });

/** What the operation answers. prctl(2); `operation` is one of PR, unused arguments are 0. */
export function prctl(operation: number, a = 0, b = 0, c = 0, d = 0): number {
  const context = () => ({ detail: `${formatValue(PR, operation)}, ${a}` });
  return check(prctlH().prctl(operation, a, b, c, d), "prctl", context);
}

/** Names this thread, as `ps` shows it; the kernel keeps 15 bytes. */
export function setThreadName(name: string): void {
  prctl(PR.PR_SET_NAME, cString(name));
}
