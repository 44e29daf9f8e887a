// The flags that `create`, `run` and partly `exec` share, as the engine's options. Start-up: apart from
// the verbs, as each of those loads its part of the engine.
import type { RunOptions } from "../../engine/oci/options.ts";
import { UserError } from "../../errors.ts";
import type { FlagType, Line } from "./parse.ts";
import { absolutePath } from "./paths.ts";

/** The flags that `create` and `run` share. */
export const CREATE_FLAGS: Readonly<Record<string, FlagType>> = {
  bundle: "text",
  config: "text",
  "console-socket": "text",
  "pidfd-socket": "text",
  "pid-file": "text",
  "no-pivot": "bool",
  "no-new-keyring": "bool",
  "preserve-fds": "int",
};

type Writable<T> = { -readonly [Key in keyof T]: T[Key] };

/** The options of a `run`, which are those of a `create` and more; paths absolute. */
export function createOptions(line: Line): RunOptions {
  const options: Writable<RunOptions> = {
    id: line.operands[0] ?? "",
    bundle: absolutePath(line.text("bundle")),
    preserveFds: preserveFds(line),
    noPivot: line.bool("no-pivot"),
    noNewKeyring: line.bool("no-new-keyring"),
    detach: line.bool("detach"),
    keep: line.bool("keep"),
  };
  const [consoleSocket, pidfdSocket] = [line.text("console-socket"), line.text("pidfd-socket")];
  const [pidFile, config] = [line.text("pid-file"), line.text("config")];
  if (config !== "") options.config = config;
  if (pidFile !== "") options.pidFile = absolutePath(pidFile);
  if (consoleSocket !== "") options.consoleSocket = absolutePath(consoleSocket);
  if (pidfdSocket !== "") options.pidfdSocket = absolutePath(pidfdSocket);
  return options;
}

/** How many descriptors are passed on besides the standard three. @throws UserError below 0 */
export function preserveFds(line: Line): number {
  const count = line.int("preserve-fds");
  if (count < 0) throw new UserError(`--preserve-fds must not be negative: got ${count}`);
  return count;
}
