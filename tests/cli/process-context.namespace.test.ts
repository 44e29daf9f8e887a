// The real world behind the commands.
import { afterAll, beforeAll, expect, test } from "bun:test";
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import type { Engine } from "../../src/cli/engine.ts";
import { libcFiles } from "../../src/cli/libc-files.ts";
import { makeProcessContext } from "../../src/cli/process-context.ts";
import { makeWorld } from "./world.ts";

const engine: Engine = makeWorld().engine;
const context = makeProcessContext(engine, libcFiles);
const main = new URL("../../src/cli/main.ts", import.meta.url).pathname;
const real = new URL("../../src/cli/process-context.ts", import.meta.url).pathname;
const files = new URL("../../src/cli/libc-files.ts", import.meta.url).pathname;
let folder = "";

beforeAll(() => {
  folder = mkdtempSync("/tmp/bunker-cli-");
  mkdirSync(`${folder}/d`);
  writeFileSync(`${folder}/f`, "text");
  symlinkSync("d", `${folder}/link`);
  symlinkSync("nowhere", `${folder}/broken`);
});
afterAll(() => rmSync(folder, { recursive: true }));

test("a path is a file, a folder, something else or nothing, links followed", () => {
  expect(context.kindOf(`${folder}/d`)).toBe("directory");
  expect(context.kindOf(`${folder}/f`)).toBe("file");
  expect(context.kindOf(`${folder}/link`)).toBe("directory");
  expect(context.kindOf("/dev/null")).toBe("other");
  expect(context.kindOf(`${folder}/broken`)).toBeUndefined();
  expect(context.kindOf(`${folder}/f/below`)).toBeUndefined();
  expect(context.readText(`${folder}/f`)).toBe("text");
});

test("the host has CPUs and a current folder, and no terminal is 80 columns wide", () => {
  expect(context.hostCpus()).toBeGreaterThanOrEqual(1);
  expect(context.cwd()).toBe(process.cwd());
  if (!process.stdout.isTTY) expect(context.columns()).toBe(80);
});

/** Runs the command line in a process of its own, as a shell would. */
function runShell(script: string) {
  const program = `import { main } from "${main}";
    import { makeProcessContext } from "${real}";
    import { libcFiles } from "${files}";
    process.exit(await main(process.argv.slice(1), makeProcessContext({}, libcFiles)));`;
  return Bun.spawnSync(["bash", "-o", "pipefail", "-c", script], {
    env: { ...process.env, BUN: process.execPath, PROGRAM: program },
  });
}

test("help reaches a pipe whole, a refusal reaches stderr, and the exit codes are told", () => {
  const help = runShell('"$BUN" -e "$PROGRAM" run --help | tail -1');
  expect(help.stdout.toString()).toBe("  bunker explain run --rootfs ./debian /bin/true\n");
  expect(help.exitCode).toBe(0);
  const refusal = runShell('"$BUN" -e "$PROGRAM" run --bogus');
  expect(refusal.stderr.toString()).toBe(
    "bunker: unknown flag: --bogus\n  hint: see 'bunker run --help'\n",
  );
  expect(refusal.stdout.toString()).toBe("");
  expect(refusal.exitCode).toBe(125);
});

test("a reader that leaves early is no error", () => {
  const { exitCode, stderr } = runShell('"$BUN" -e "$PROGRAM" run --help | true');
  expect(stderr.toString()).toBe("");
  expect(exitCode).toBe(0);
});
