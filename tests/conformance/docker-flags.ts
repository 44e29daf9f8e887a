// What docker's command line has: every command of the areas that bunker has as well, and the flags of
// each, read from the help pages of its client. docker-flags.pure.test.ts compares bunker's own with it.
//
//   bun tests/conformance/docker-flags.ts            what of it bunker has not, with its reason
//   bun tests/conformance/docker-flags.ts --write    reads docker's help anew (no daemon is needed)

import { readFileSync, writeFileSync } from "node:fs";

/** A flag of docker's. */
export interface DockerFlag {
  readonly short?: string;
  readonly takesValue: boolean;
}

export interface DockerCommand {
  readonly summary: string;
  /** Other ways to write it: `image ls` for `images`. */
  readonly aliases?: readonly string[];
  readonly flags: Readonly<Record<string, DockerFlag>>;
}

/** docker's commands by their words: `run`, `image ls`. */
export interface DockerHelp {
  readonly version: string;
  readonly commands: Readonly<Record<string, DockerCommand>>;
}

const FILE = `${import.meta.dir}/docker-flags.json`;

/** The help as it was read the last time. */
export function readDockerHelp(): DockerHelp {
  const help: DockerHelp = JSON.parse(readFileSync(FILE, "utf8"));
  return help;
}

/** Groups whose commands are looked at one by one; of the others bunker has none. */
const GROUPS = ["container", "image", "manifest", "network", "system", "volume"];

function askDocker(...words: readonly string[]): string {
  const { stdout, exitCode } = Bun.spawnSync(["docker", ...words], {
    env: { ...process.env, DOCKER_HOST: "unix:///nonexistent/docker.sock" },
    stderr: "ignore",
  });
  if (exitCode !== 0) throw new Error(`docker ${words.join(" ")} ended with ${exitCode}`);
  return stdout.toString();
}

function listAll(): DockerHelp {
  const commands: Record<string, DockerCommand> = {};
  const top = listCommands(askDocker("--help"));
  commands[""] = { summary: "", flags: parseFlags(askDocker("--help")) };
  for (const name of top) {
    const help = askDocker(name, "--help");
    commands[name] = parseCommand(help, name);
    if (!GROUPS.includes(name)) continue;
    for (const child of listCommands(help)) {
      const words = `${name} ${child}`;
      commands[words] = parseCommand(askDocker(name, child, "--help"), words);
    }
  }
  return { version: askDocker("--version").split(/[ ,]+/)[2] ?? "", commands };
}

function listCommands(help: string): string[] {
  const names: string[] = [];
  let isList = false;
  for (const line of help.split("\n")) {
    if (/^\S.*Commands:$|^Commands:$/.test(line)) isList = true;
    else if (/^\S/.test(line)) isList = false;
    const name = /^ {2}([a-z]\S*) {2,}/.exec(line)?.[1];
    if (isList && name !== undefined) names.push(name);
  }
  return names;
}

function parseCommand(help: string, name: string): DockerCommand {
  const [, summary = ""] = help.split("\n\n");
  const aliases = /\nAliases:\n {2}(.*)\n/.exec(help)?.[1] ?? "";
  const others = aliases
    .split(", ")
    .map((alias) => alias.replace(/^docker /, ""))
    .filter((alias) => alias !== "" && alias !== name);
  return {
    summary: summary.trim(),
    ...(others.length > 0 && { aliases: others.sort() }),
    flags: parseFlags(help),
  };
}

function parseFlags(help: string): Record<string, DockerFlag> {
  const flags: Record<string, DockerFlag> = {};
  const row = /^ {2}(?:-(\w), | {4})--([a-z0-9-]+)(?: (\S+))?(?: {2,}|$)/gm;
  for (const [, short, name = "", value] of help.matchAll(row)) {
    flags[name] = { ...(short !== undefined && { short }), takesValue: value !== undefined };
  }
  return flags;
}

if (import.meta.main) {
  if (process.argv.includes("--write")) {
    writeFileSync(FILE, `${JSON.stringify(listAll(), undefined, 1)}\n`);
  }
  const { compareWithDocker } = await import("./docker-flags-compare.ts");
  for (const { what, why } of await compareWithDocker(readDockerHelp())) {
    console.log(`${what}: ${why ?? "NO REASON"}`);
  }
}
