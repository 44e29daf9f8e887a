// The harness itself: a test that passes on it must mean something.
import { expect, test } from "bun:test";
import { existsSync } from "node:fs";
import { type BunkerOptions, bunker, bunkerCommand, bunkerOutput, startBunker } from "./bunker.ts";

/** Runs a shell script where bunker would be: bunker's own words are only its arguments. */
function shell(script: string, options: BunkerOptions = {}) {
  return bunker(["run"], { ...options, prefix: ["/bin/sh", "-c", script] });
}

test("an outcome has the exit code and both streams", async () => {
  const outcome = await shell("cat; echo no >&2; exit 7", { stdin: "yes" });
  expect(outcome).toEqual({ exitCode: 7, stdout: "yes", stderr: "no\n" });
});

test("an end by signal n is 128 + n", async () => {
  expect((await shell("kill -9 $$")).exitCode).toBe(137);
});

test("without stdin there is nothing to read, and the environment is as asked", async () => {
  const options = { env: { HOME: undefined, GREETING: "hello" }, cwd: "/" };
  const { stdout } = await shell('cat; echo "${HOME-none} $GREETING $PWD"', options);
  expect(stdout).toBe("none hello /\n");
});

test("a program that does not end in time is killed, and what it said is told", async () => {
  const late = shell("echo started; exec sleep 100", { timeoutMs: 200 });
  expect(late).rejects.toThrow(/^no end after \d+ ms: bunker run ended with 137\nstarted\n/);
  await late.catch(() => {});
});

test("a process that outlives bunker and holds its stdout does not hold up the test", async () => {
  const { stdout } = await shell("sleep 4 & echo done");
  expect(stdout).toBe("done\n");
});

test("a failed command that had to succeed is told in full", async () => {
  const prefix = ["/bin/sh", "-c", "echo out; echo err >&2; exit 125"];
  const failed = bunkerOutput(["run", "x"], { prefix });
  expect(failed).rejects.toThrow("bunker run x ended with 125\nout\n\nerr\n");
  await failed.catch(() => {});
});

test("a started program takes input and is gone at the end of the scope", async () => {
  let pid = 0;
  {
    await using started = startBunker([], { prefix: ["/bin/sh", "-c", "cat"] });
    const { child } = started;
    pid = child.pid;
    child.stdin.write("a line");
    child.stdin.end();
    expect(await new Response(child.stdout).text()).toBe("a line");
  }
  expect(existsSync(`/proc/${pid}`)).toBe(false);
});

test("BUNKER_UNDER_TEST chooses the executable, Bun or Deno, and nothing else", () => {
  const before = process.env["BUNKER_UNDER_TEST"];
  try {
    process.env["BUNKER_UNDER_TEST"] = "deno";
    expect(bunkerCommand().slice(0, 3)).toEqual(["deno", "run", "-A"]);
    process.env["BUNKER_UNDER_TEST"] = "node";
    expect(bunkerCommand).toThrow("BUNKER_UNDER_TEST must be binary, bun or deno: got node");
  } finally {
    if (before === undefined) delete process.env["BUNKER_UNDER_TEST"];
    else process.env["BUNKER_UNDER_TEST"] = before;
  }
});
