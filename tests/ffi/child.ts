// Running what would change the test process itself (namespaces, users, root folder) in a process
// of its own, and saying how a call was refused.

import { isSyscallError } from "../../ffi/syscall-error.ts";

/** A fixture's cases by name; each returns what the test looks at, as JSON. */
export type Cases = Readonly<Record<string, () => unknown>>;

/** The end of every fixture: performs the case that the test named and prints its value. */
export function performCase(cases: Cases): void {
  const name = process.argv[2] ?? "";
  const perform = cases[name];
  if (perform === undefined) throw new Error(`no such case: ${name}`);
  console.log(JSON.stringify(perform()));
}

/** What case `name` of `fixture` gave in a process of its own. Throws with its stderr. */
export function inChild(fixture: string, name: string, prefix: readonly string[] = []): unknown {
  const script = new URL(`fixtures/${fixture}.ts`, import.meta.url).pathname;
  const command = [...prefix, process.execPath, script, name];
  const { stdout, stderr, exitCode } = Bun.spawnSync(command, { stdin: "ignore" });
  if (exitCode !== 0) throw new Error(`${command.join(" ")}: ${stderr.toString()}`);
  return JSON.parse(stdout.toString());
}

const UNSHARE = "unshare --user --map-root-user --mount --uts --ipc --propagation private";

/** The same as root of new user, mount, uts and ipc namespaces: what any user may have. */
export function inNamespaces(fixture: string, name: string): unknown {
  return inChild(fixture, name, UNSHARE.split(" "));
}

/** `setns EINVAL`: the system call that refused, and its errno. Throws where nothing refused. */
export function refusal(perform: () => unknown): string {
  try {
    perform();
  } catch (error) {
    if (isSyscallError(error)) return `${error.syscall} ${error.code}`;
    throw error;
  }
  throw new Error("nothing was refused");
}

/** Whether the tests of the root tier can run; prints why where not. */
export function haveRoot(): boolean {
  if (process.getuid?.() === 0) return true;
  console.warn("skipped: these tests need root");
  return false;
}

/** Whether this machine lets this user make user namespaces; prints why where not. */
export function haveUserNamespaces(): boolean {
  const { exitCode, stderr } = Bun.spawnSync([...UNSHARE.split(" "), "true"]);
  if (exitCode === 0) return true;
  console.warn(`skipped: no user namespaces: ${stderr.toString().trim()}`);
  return false;
}

/** Whether `command` is installed; prints that it is not. */
export function haveCommand(command: string): boolean {
  if (Bun.which(command) !== null) return true;
  console.warn(`skipped: ${command} is not installed`);
  return false;
}
