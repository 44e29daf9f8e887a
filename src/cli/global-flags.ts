// docker's flags before the command, of which bunker has --help and --version alone.
import { UserError } from "../errors.ts";
import type { RefusedFlags } from "./flag.ts";

const DAEMON = "there is no daemon to reach";

/** Name → why. */
export const refusedGlobals: RefusedFlags = {
  config: "set DOCKER_CONFIG to the folder of config.json",
  context: DAEMON,
  debug: "what fails is told in one line; 'bunker run --trace' shows each system call",
  host: DAEMON,
  "log-level": "there is no log of bunker's own",
  tls: DAEMON,
  tlscacert: DAEMON,
  tlscert: DAEMON,
  tlskey: DAEMON,
  tlsverify: DAEMON,
};

const LETTERS: ReadonlyMap<string, string> = new Map([
  ["c", "context"],
  ["D", "debug"],
  ["H", "host"],
  ["l", "log-level"],
]);

/** The refusal of a flag that stands where a command should. */
export function refuseGlobal(flag: string): UserError {
  const isLong = flag.startsWith("--");
  const name = isLong ? flag.slice(2).replace(/=.*/, "") : (LETTERS.get(flag.charAt(1)) ?? "");
  const help = "see 'bunker --help'";
  const why = Object.hasOwn(refusedGlobals, name) ? refusedGlobals[name] : undefined;
  if (why !== undefined) return new UserError(`--${name} is not supported: ${why}`, help);
  const shown = isLong ? `flag: ${flag}` : `shorthand flag: '${flag[1]}' in ${flag}`;
  return new UserError(`unknown ${shown}`, help);
}
