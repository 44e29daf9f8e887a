// What a group of tests needs of the machine. A group whose need is not met is skipped, and its
// reason is printed: the test command collects the lines that start with "skipped: ".

import { type Describe, describe } from "bun:test";

/** `describe` where `condition` holds; else `describe.skip`, once `reason` has been printed. */
export function skipUnless(condition: boolean, reason: string): Describe<[]> {
  if (condition) return describe;
  console.warn(`skipped: ${reason}`);
  return describe.skip;
}

/** `describe` for tests of the root tier: skipped where the user is not root. */
export function needsRoot(title: string, body: () => void): void {
  skipUnless(isRoot(), `${title}: needs root`)(title, body);
}

/** `describe` for tests that only ask for `unshare -Ur`: skipped where a sysctl forbids that. */
export function needsUserNamespaces(title: string, body: () => void): void {
  const { exitCode, stderr } = Bun.spawnSync(["unshare", "--user", "--map-root-user", "true"]);
  const reason = `${title}: no user namespaces: ${stderr.toString().trim()}`;
  skipUnless(exitCode === 0, reason)(title, body);
}

/** `describe` for tests that look at bunker through another program, such as crun or gcc. */
export function needsCommand(command: string, title: string, body: () => void): void {
  skipUnless(haveCommand(command), `${title}: ${command} is not installed`)(title, body);
}

/** Whether the tests run as root (of whatever user namespace they are in). */
export function isRoot(): boolean {
  return process.getuid?.() === 0;
}

/** Whether `command` is found in PATH. */
export function haveCommand(command: string): boolean {
  return Bun.which(command) !== null;
}

/** How much longer things may take here: an emulated CPU is 10 to 20 times slower. */
export function slowness(): number {
  return process.env["VM_RUN"] === "tcg" ? 20 : 1;
}
