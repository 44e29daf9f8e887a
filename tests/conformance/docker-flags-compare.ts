// bunker's commands and flags beside docker's: what is missing, or otherwise, with the reason that bunker
// itself gives for it.

import type { Command } from "../../src/cli/command.ts";
import { findCommand } from "../../src/cli/commands.ts";
import { whyNotHere } from "../../src/cli/not-here.ts";
import { refusedGlobals } from "../../src/cli/global-flags.ts";
import type { DockerCommand, DockerHelp } from "./docker-flags.ts";

export interface Difference {
  /** `run --link`, `image build`. */
  readonly what: string;
  /** undefined: nobody says why. */
  readonly why: string | undefined;
}

/** All that docker has and bunker has not. */
export async function compareWithDocker({ commands }: DockerHelp): Promise<Difference[]> {
  const found: Difference[] = [];
  for (const [words, docker] of Object.entries(commands)) {
    if (words === "") {
      found.push(...compareGlobals(docker));
      continue;
    }
    const command = await findBunkers(words);
    if (command === undefined) found.push({ what: words, why: whyNotHere(words) });
    else {
      found.push(...compareFlags(words, docker, command));
      found.push(...(await compareAliases(words, docker)));
    }
  }
  return found;
}

async function findBunkers(words: string): Promise<Command | undefined> {
  const [name = "", child] = words.split(" ");
  const command = await findCommand(name)?.load();
  if (child === undefined || command === undefined) return command;
  const entry = command.children?.find(
    (each) => each.name === child || each.aliases?.includes(child) === true,
  );
  return entry?.load();
}

async function compareAliases(words: string, { aliases = [] }: DockerCommand) {
  const found: Difference[] = [];
  for (const alias of aliases) {
    if ((await findBunkers(alias)) === undefined) {
      found.push({ what: `${alias} (another name of ${words})`, why: undefined });
    }
  }
  return found;
}

function compareGlobals({ flags }: DockerCommand): Difference[] {
  const known = ["help", "version"];
  return Object.keys(flags)
    .filter((name) => !known.includes(name))
    .map((name) => ({ what: `--${name}`, why: refusedGlobals[name] }));
}

function compareFlags(words: string, docker: DockerCommand, { flags, refused }: Command) {
  const found: Difference[] = [];
  for (const [name, { short, takesValue }] of Object.entries(docker.flags)) {
    const what = `${words} --${name}`;
    const ours =
      flags[name] ?? Object.values(flags).find(({ aliases }) => aliases?.includes(name) === true);
    if (name === "help") continue;
    if (ours === undefined) found.push({ what, why: refused?.[name] });
    else if (short !== ours.short || takesValue !== (ours.type !== "bool")) {
      found.push({ what: `${what} (its letter or value)`, why: undefined });
    }
  }
  return found;
}
