// `process` of a container: what it runs, where, as whom, with which environment.

import { UserError } from "../errors.ts";
import type { Process } from "../oci/spec.ts";
import { makeCapabilities } from "./capabilities.ts";
import type { SpecFacts } from "./host-facts.ts";
import { makeRlimits } from "./rlimits.ts";
import type { RunOptions } from "./run-options.ts";
import { chooseApparmor } from "./spec-security.ts";

/** docker's PATH for images that have none. */
export const DEFAULT_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

/**
 * The `process` of the spec.
 * @throws UserError `no command specified`
 */
export function makeProcess(
  options: RunOptions,
  facts: SpecFacts,
  hostname: string,
  warnings: string[],
): Process {
  const capabilities = makeCapabilities(options.security, facts.capabilities);
  const apparmorProfile = chooseApparmor(options.security, facts, warnings);
  const process: { -readonly [Key in keyof Process]: Process[Key] } = {
    terminal: options.tty,
    user: makeUser(facts),
    args: makeArgs(options, facts),
    env: makeEnv(options, facts, hostname),
    cwd: makeCwd(options, facts),
    // Ambient and inheritable stay empty, as docker's: a process that is not root has none of these.
    capabilities: { bounding: capabilities, effective: capabilities, permitted: capabilities },
    rlimits: makeRlimits(options.ulimits, facts, warnings),
    noNewPrivileges: options.security.noNewPrivileges,
  };
  if (apparmorProfile !== undefined) process.apparmorProfile = apparmorProfile;
  if (options.oomScoreAdj !== undefined) process.oomScoreAdj = options.oomScoreAdj;
  return process;
}

/** The container's name for itself: as asked, the host's where that is shared, or from the id. */
export function findHostname(options: RunOptions, facts: SpecFacts): string {
  if (options.hostname) return options.hostname;
  const shared = options.network.kind === "host" || options.uts.kind === "host";
  if (shared && facts.hostHostname) return facts.hostHostname;
  return facts.containerId.slice(0, 12);
}

function makeUser(facts: SpecFacts): Process["user"] {
  const { uid, gid } = facts.user;
  const additionalGids = [gid];
  for (const group of facts.user.additionalGids) {
    if (!additionalGids.includes(group)) additionalGids.push(group);
  }
  return { uid, gid, additionalGids };
}

// An entrypoint of the user's takes the image's command away with the image's entrypoint.
function makeArgs(options: RunOptions, facts: SpecFacts): readonly string[] {
  const asked = options.entrypoint;
  // `--entrypoint ""` is docker's way to have none.
  const own = asked?.length === 1 && asked[0] === "" ? [] : asked;
  const entrypoint = own ?? facts.image?.entrypoint ?? [];
  let command = options.command;
  if (command.length === 0 && own === undefined) command = facts.image?.command ?? [];
  if (entrypoint.length === 0 && command.length === 0) return defaultArgs(options);
  return entrypoint.length === 0 ? command : [...entrypoint, ...command];
}

function defaultArgs(options: RunOptions): readonly string[] {
  if (options.root.kind === "host" && options.entrypoint === undefined) return ["/bin/sh"];
  throw new UserError("no command specified", "say what to run after the image or --rootfs DIR");
}

function makeCwd(options: RunOptions, facts: SpecFacts): string {
  const cwd = options.workdir || facts.image?.workdir || "/";
  if (cwd.startsWith("/")) return cwd;
  throw new UserError(`the working directory '${cwd}' is invalid, it needs to be an absolute path`);
}

// docker's order: the defaults, the user's, what the image says besides; a later value takes the place
// of an earlier one, and the user's wins.
function makeEnv(options: RunOptions, facts: SpecFacts, hostname: string): string[] {
  const env = [`PATH=${DEFAULT_PATH}`, `HOSTNAME=${hostname}`];
  if (options.tty) env.push("TERM=xterm");
  for (const entry of options.env) setVariable(env, entry);
  const image = facts.image?.env;
  if (image !== undefined) {
    for (const entry of image) {
      if (findVariable(options.env, nameOf(entry)) === -1) setVariable(env, entry);
    }
  }
  // runc adds it as the last thing before it starts the program, and callers count on it.
  if (findVariable(env, "HOME") === -1) env.push(`HOME=${facts.user.home || "/"}`);
  return env;
}

function setVariable(env: string[], entry: string): void {
  const name = nameOf(entry);
  // A bare name that the caller's environment has no value for says nothing.
  if (name === entry) return;
  const place = findVariable(env, name);
  if (place === -1) env.push(entry);
  else env[place] = entry;
}

function findVariable(env: readonly string[], name: string): number {
  const start = `${name}=`;
  for (let place = 0; place < env.length; place++) {
    if (env[place]?.startsWith(start) === true) return place;
  }
  return -1;
}

function nameOf(entry: string): string {
  const equals = entry.indexOf("=");
  return equals === -1 ? entry : entry.slice(0, equals);
}
