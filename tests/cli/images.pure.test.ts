// How pulls are shown, and that the commands of images refuse in docker's words and exit codes.
import { describe, expect, test } from "bun:test";
import { showProgress } from "../../src/cli/images/progress.ts";
import { main } from "../../src/cli/main.ts";
import { makeWorld } from "./world.ts";

const digest = `sha256:${"a".repeat(64)}` as const;
const other = `sha256:${"b".repeat(64)}` as const;

function show(isTerminal: boolean, columns = 80) {
  let out = "";
  const write = (text: string): void => {
    out += text;
  };
  return { sink: showProgress({ write, isTerminal, columns }, "pull"), out: () => out };
}

describe("progress", () => {
  test("without a terminal is a line for each thing that happens", () => {
    const { sink, out } = show(false);
    sink.message("latest: Pulling from library/alpine");
    sink.blob({ digest, phase: "waiting", totalBytes: 10 });
    sink.blob({ digest, phase: "downloading", doneBytes: 5, totalBytes: 10 });
    sink.blob({ digest: other, phase: "exists" });
    sink.blob({ digest, phase: "retrying", reason: "reset", pauseMs: 1500 });
    sink.blob({ digest, phase: "done" });
    sink.blob({ digest, phase: "done" });
    expect(out().split("\n")).toEqual([
      "latest: Pulling from library/alpine",
      "aaaaaaaaaaaa: Pulling fs layer",
      "bbbbbbbbbbbb: Already exists",
      "aaaaaaaaaaaa: Retrying in 2 seconds: reset",
      "aaaaaaaaaaaa: Pull complete",
      "",
    ]);
  });

  test("on a terminal is a line for each layer, changed in its place", () => {
    const { sink, out } = show(true);
    sink.blob({ digest, phase: "waiting" });
    sink.blob({ digest: other, phase: "waiting" });
    sink.blob({ digest, phase: "downloading", doneBytes: 10, totalBytes: 10 });
    const [first, second, ...rest] = out().split("\n");
    expect([first, second]).toEqual([
      "aaaaaaaaaaaa: Pulling fs layer",
      "bbbbbbbbbbbb: Pulling fs layer",
    ]);
    expect(rest.join("\n")).toStartWith("\x1b[2A\x1b[2K\raaaaaaaaaaaa: Downloading [=====");
    expect(rest.join("\n")).toEndWith("\x1b[2B\r");
  });

  test("is no wider than the terminal: first the bar is shorter, then there are the numbers alone", () => {
    const lineAt = (columns: number): string => {
      const { sink, out } = show(true, columns);
      sink.blob({ digest, phase: "downloading", doneBytes: 1, totalBytes: 2 });
      return out().trimEnd();
    };
    expect(lineAt(120)).toBe(
      `aaaaaaaaaaaa: Downloading [${"=".repeat(25)}>${" ".repeat(25)}]  1B/2B`,
    );
    expect(lineAt(80)).toMatch(/^aaaaaaaaaaaa: Downloading \[={16}> {17}\]  1B\/2B$/);
    expect(lineAt(40)).toBe("aaaaaaaaaaaa: Downloading 1B/2B");
    expect(lineAt(20)).toBe("aaaaaaaaaaaa: Downl");
  });
});

const REFUSALS: readonly (readonly [line: string, code: number, message: string])[] = [
  ["pull", 1, "'bunker pull' requires 1 argument"],
  ["rmi", 1, "'bunker rmi' requires at least 1 argument"],
  ["tag a", 1, "'bunker tag' requires 2 arguments"],
  [
    "images --filter foo",
    125,
    'invalid argument "foo" for "-f, --filter" flag: bad format of filter',
  ],
  ["images --nope", 125, "unknown flag: --nope"],
  ["image nope", 1, "unknown command: bunker image nope"],
  ["image --nope", 125, "unknown flag: --nope"],
  ["volume rm", 1, "'bunker volume rm' requires at least 1 argument"],
  ["volume ls --filter foo=x", 1, "invalid filter 'foo'"],
  ["system foo", 1, "unknown command: bunker system foo"],
  ["search alpine", 1, "search is not supported"],
  [
    "save --format foo a",
    125,
    'invalid argument "foo" for "--format" flag: must be docker-archive',
  ],
  ["login -u me", 1, "Cannot perform an interactive login from a non TTY device"],
  ["login --password-stdin", 1, "the --password-stdin option requires --username to be set"],
  ["login -p x -u y --password-stdin", 1, "--password and --password-stdin are mutually exclusive"],
];

describe("a refusal of the commands of images", () => {
  for (const [line, code, message] of REFUSALS) {
    test(`'${line}'`, async () => {
      const world = makeWorld();
      expect(await main(line.split(" "), world)).toBe(code);
      expect(world.err()).toStartWith(`bunker: ${message}`);
    });
  }
});

test("a group without a command, and help of a command in it, show their pages", async () => {
  const world = makeWorld();
  expect(await main(["image"], world)).toBe(0);
  expect(world.out()).toContain("Usage:  bunker image COMMAND");
  const page = makeWorld();
  expect(await main(["help", "image", "ls"], page)).toBe(0);
  expect(page.out()).toContain("Usage:  bunker image ls [flags] [REPOSITORY[:TAG]]");
  const same = makeWorld();
  expect(await main(["image", "list", "--help"], same)).toBe(0);
  expect(same.out()).toBe(page.out());
});
