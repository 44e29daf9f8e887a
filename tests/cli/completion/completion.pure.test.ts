// Completion: the scripts as the shells themselves understand them.

import { describe, expect, test } from "bun:test";
import { commands } from "../../../src/cli/commands.ts";
import { listCompleted } from "../../../src/cli/completion/words.ts";
import { main } from "../../../src/cli/main.ts";
import { makeWorld } from "../world.ts";

async function scriptFor(shell: string): Promise<string> {
  const world = makeWorld();
  expect(await main(["completion", shell], world)).toBe(0);
  return world.out();
}

function runShell(words: readonly string[], stdin = ""): string {
  const { exitCode, stdout, stderr } = Bun.spawnSync([...words], { stdin: Buffer.from(stdin) });
  expect({ exitCode, stderr: stderr.toString() }).toEqual({ exitCode: 0, stderr: "" });
  return stdout.toString().trim();
}

// A stand-in for bunker, which says what it was asked for.
const STUB = `bunker() { case $1 in ps) echo web; echo worker;; images) echo a:1;; *) echo "$1";; esac; }`;

describe("bash", async () => {
  const script = await scriptFor("bash");
  const complete = (...words: readonly string[]): string[] => {
    const quoted = ["bunker", ...words].map((word) => `'${word}'`).join(" ");
    const call = `COMP_WORDS=(${quoted}) COMP_CWORD=${words.length}; _bunker; echo "\${COMPREPLY[*]}"`;
    return runShell(["bash"], `${script}\n${STUB}\n${call}`).split(" ").filter(Boolean);
  };

  test("completes commands, those of groups, flags, and the names of what there is", () => {
    expect(complete("re")).toEqual(["restart", "rename"]);
    expect(complete("volume", "")).toContain("prune");
    expect(complete("logs", "--f")).toEqual(["--follow"]);
    expect(complete("volume", "rm", "--f")).toEqual(["--force"]);
    expect(complete("stop", "w")).toEqual(["web", "worker"]);
    expect(complete("container", "stop", "web", "wo")).toEqual(["worker"]);
    expect(complete("run", "-it", "a")).toEqual(["a:1"]);
    expect(complete("volume", "inspect", "")).toEqual(["volume"]);
    expect(complete("completion", "")).toEqual(["bash", "zsh", "fish"]);
    expect(complete("help", "stat")).toEqual(["stats"]);
    expect(complete("man", "vol")).toEqual(["volume"]);
  });

  test("leaves to files what a flag takes, and what it knows nothing of", () => {
    expect(complete("run", "--name", "")).toEqual([]);
    expect(complete("bogus", "x")).toEqual([]);
  });
});

for (const [shell, check] of [
  ["zsh", ["zsh", "-n", "/dev/stdin"]],
  ["fish", ["fish", "--no-execute", "/dev/stdin"]],
] as const) {
  const isThere = Bun.which(shell) !== null;
  test.skipIf(!isThere)(
    `${shell} takes its script${isThere ? "" : " (it is not there)"}`,
    async () => {
      runShell(check, await scriptFor(shell));
    },
  );
}

const isFishThere = Bun.which("fish") !== null;
test.skipIf(!isFishThere)("fish completes commands, flags and names", async () => {
  const script = await scriptFor("fish");
  const stub = "function bunker; test $argv[1] = ps; and printf 'web\\nworker\\n'; end";
  const complete = (line: string): string[] => {
    const found = runShell(["fish", "--no-config"], `${script}\n${stub}\ncomplete -C '${line}'`);
    return found.split("\n").map((each) => each.replace(/\t.*/, ""));
  };
  expect(complete("bunker volume r")).toEqual(["rm"]);
  expect(complete("bunker logs --fo")).toEqual(["--follow"]);
  expect(complete("bunker stop w")).toEqual(["web", "worker"]);
  expect(complete("bunker completion f")).toEqual(["fish"]);
});

test("every command and flag that help shows stands in each shell's script", async () => {
  const scripts = await Promise.all(["bash", "zsh", "fish"].map(scriptFor));
  const listed = await listCompleted(commands);
  for (const { path, flags } of listed.flatMap((each) => [each, ...each.children])) {
    for (const script of scripts) {
      expect(script).toContain(path.slice(path.lastIndexOf(" ") + 1));
      for (const { names } of flags) expect(script).toContain(names[0]?.slice(2) ?? "");
    }
  }
});

test("another shell is refused", async () => {
  const world = makeWorld();
  expect(await main(["completion", "csh"], world)).toBe(1);
  expect(world.err()).toBe(
    'bunker: "csh" is not a shell that can be completed\n  hint: bash, zsh or fish\n',
  );
});
