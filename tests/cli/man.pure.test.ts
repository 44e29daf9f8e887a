// The manual: valid, complete, and of the same words as --help.

import { expect, test } from "bun:test";
import { commands, findCommand } from "../../src/cli/commands.ts";
import { main } from "../../src/cli/main.ts";
import { bold, escape, prose } from "../../src/cli/man/roff.ts";
import { needsCommand } from "../harness/tier.ts";
import { makeWorld } from "./world.ts";

async function man(...words: readonly string[]): Promise<string> {
  const world = makeWorld({});
  expect(await main(["man", ...words], world)).toBe(0);
  return world.out();
}

test.each([
  ["--rm -it", "\\-\\-rm \\-it"],
  [".hidden", "\\&.hidden"],
  ["'quoted'", "\\&'quoted'"],
  ["C:\\x", "C:\\ex"],
] as const)("%j is shown as it is", (text, roff) => {
  expect(escape(text)).toBe(roff);
});

test("in prose words keep their hyphens, and flags and code can be copied", () => {
  expect(prose("read-only with --read-only, or `bunker run --read-only`")).toBe(
    `read-only with \\-\\-read\\-only, or ${bold("bunker run \\-\\-read\\-only")}`,
  );
});

test("every listed command, its flags and its examples are in it", async () => {
  const manual = await man();
  for (const entry of commands.filter(({ group }) => group !== undefined)) {
    const command = await entry.load();
    expect(manual).toContain(`.SS bunker ${escape(entry.name)}\n`);
    for (const { line } of command.words.examples ?? []) expect(manual).toContain(escape(line));
    for (const [name, { hidden }] of Object.entries(command.flags)) {
      if (hidden !== true) expect(manual).toContain(bold(escape(`--${name}`)));
    }
  }
});

test("what a group has of other commands is told once, where they have their place", async () => {
  const manual = await man();
  for (const [again, once] of [
    ["container run", "run"],
    ["container ls", "ps"],
    ["image ls", "images"],
  ] as const) {
    expect(manual).toContain(
      `${bold(`bunker ${again}`)}\nThe same as ${bold(`bunker ${once}`)}.\n`,
    );
    expect(manual).not.toContain(`.SS bunker ${again}\n`);
  }
  const places = [...manual.matchAll(/^The same as \\fB(.+)\\fR\.$/gm)].map(([, place]) => place);
  for (const place of places) expect(manual).toContain(`.SS ${place}\n`);
  // Those that are nowhere else, and the page of one that is asked for, are whole.
  for (const own of ["system df", "container inspect"])
    expect(manual).toContain(`.SS bunker ${own}\n`);
  expect(await man("container", "run")).toContain(bold(escape("--rm")));
});

test("one command has a page of its own, and what is none is refused", async () => {
  expect(await man("network", "create")).toStartWith('.TH BUNKER\\-NETWORK\\-CREATE 1 ""');
  const world = makeWorld({});
  expect(await main(["man", "rnu"], world)).toBe(1);
  expect(world.err()).toContain("did you mean 'bunker run'?");
});

needsCommand("groff", "groff takes the manual", () => {
  const check = (text: string): string => {
    const command = ["groff", "-man", "-ww", "-z", "-Tutf8"];
    const { stderr } = Bun.spawnSync(command, { stdin: Buffer.from(text) });
    return stderr.toString();
  };

  test("without a warning, as a whole and page by page", async () => {
    expect(check(await man())).toBe("");
    for (const name of ["run", "network", "oci", "ps"]) {
      expect(findCommand(name)).toBeDefined();
      expect([name, check(await man(name))]).toEqual([name, ""]);
    }
  });
});
