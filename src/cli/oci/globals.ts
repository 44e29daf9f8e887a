// The flags in front of the verb: where the state is, and where messages go.
import { readTextIfThere } from "../../../ffi/files.ts";
import { geteuid } from "../../../ffi/identity.ts";
import { DEFAULT_ROOT } from "../../engine/oci/default-root.ts";
import type { OciGlobals } from "../../engine/oci/options.ts";
import { UserError } from "../../errors.ts";
import { Log, type LogFormat } from "./log.ts";
import { parseLine, type Line, type Syntax, UsageError } from "./parse.ts";
import { absolutePath } from "./paths.ts";

/** The flags that every verb has before it. */
export const GLOBAL_SYNTAX: Syntax = {
  flags: {
    root: "text",
    log: "text",
    "log-format": "text",
    debug: "bool",
    "systemd-cgroup": "bool",
    "cgroup-manager": "text",
    rootless: "text",
    criu: "text",
    help: "bool",
    version: "bool",
  },
  aliases: { h: "help", v: "version" },
  stopsAtOperand: true,
};

/** What was said before the verb. */
export interface Globals {
  /** Its operands are the verb and the verb's own words. */
  readonly line: Line;
  readonly oci: OciGlobals;
  readonly rootGiven: boolean;
  readonly log: Log;
}

/** @throws UserError, and SyscallError where the log's file cannot be opened */
export function readGlobals(
  argv: readonly string[],
  name: string,
  inheritedFds: readonly number[] = [],
): Globals {
  const line = parseLine(argv, GLOBAL_SYNTAX);
  const rootGiven = line.has("root");
  const file = line.text("log") || undefined;
  const log = new Log({
    file,
    format: parseFormat(line.text("log-format")),
    debug: line.bool("debug"),
  });
  checkRootless(line.text("rootless"));
  const oci: OciGlobals = {
    root: rootGiven ? parseRoot(line.text("root")) : defaultRoot(),
    systemdCgroup: line.bool("systemd-cgroup") || usesSystemd(line.text("cgroup-manager")),
    name,
    inheritedFds,
    ...(file === undefined ? {} : { log: file }),
    warn: (message) => log.write("warning", message),
    debug: (message) => log.write("debug", message),
  };
  return { line, oci, rootGiven, log };
}

function parseFormat(text: string): LogFormat {
  if (text === "" || text === "text") return "text";
  if (text === "json") return "json";
  throw new UserError(`invalid log-format: ${text}`);
}

function parseRoot(text: string): string {
  const root = absolutePath(text);
  if (root === "/") throw new UserError("Option --root argument should not be set to /");
  return root;
}

/** As crun has it. */
function usesSystemd(manager: string): boolean {
  if (manager === "systemd") return true;
  if (manager === "" || manager === "cgroupfs") return false;
  throw new UserError(`--cgroup-manager must be cgroupfs or systemd: got ${manager}`);
}

/** Nothing hangs on it yet: containers without root are not there. */
function checkRootless(text: string): void {
  if (text === "" || text.toLowerCase() === "auto") return;
  if (["true", "false", "1", "0", "t", "f", "T", "F", "TRUE", "FALSE"].includes(text)) return;
  throw new UsageError(`invalid value ${JSON.stringify(text)} for --rootless: parse error`);
}

/** Below $XDG_RUNTIME_DIR for whoever is not the host's root. */
function defaultRoot(): string {
  const runtimeFolder = process.env["XDG_RUNTIME_DIR"] ?? "";
  return runtimeFolder === "" || isHostRoot() ? DEFAULT_ROOT : `${runtimeFolder}/bunker/oci`;
}

/** Root in a user namespace of a user's own is that user, unless $USER says otherwise. */
function isHostRoot(): boolean {
  if (geteuid() !== 0) return false;
  const map = readTextIfThere("/proc/self/uid_map") ?? "";
  return map.includes(" 4294967295") || process.env["USER"] === "root";
}
