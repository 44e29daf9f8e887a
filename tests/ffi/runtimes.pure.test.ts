// The same bindings on both runtimes.

import { describe, expect, test } from "bun:test";
import { haveCommand } from "./child.ts";

const script = new URL("fixtures/smoke.ts", import.meta.url).pathname;

/** Where Deno is: beside the project's other tools, or on the PATH. */
function denoCommand(): string {
  const own = new URL("../../node_modules/.bin/deno", import.meta.url).pathname;
  return Bun.which(own) ?? "deno";
}

function smoke(...command: string[]): unknown {
  const { stdout, stderr, exitCode } = Bun.spawnSync([...command, script]);
  if (exitCode !== 0) throw new Error(stderr.toString());
  return JSON.parse(stdout.toString());
}

describe("the bindings", () => {
  test.skipIf(!haveCommand(denoCommand()))(
    "give the same values and refusals on Deno as on Bun",
    () => {
      expect(smoke(denoCommand(), "run", "-A")).toEqual(smoke(process.execPath));
    },
    30_000,
  );

  test("run on Bun as in the smoke script", () => {
    expect(smoke(process.execPath)).toMatchObject([
      { link: "grüße", mode: "40700", proc: "proc" },
      { changed: "changed", timedOut: "timed out", woken: 0 },
      { ended: ["exited", 7, true], killed: ["killed", 9] },
      { ready: [1], text: "Linux" },
      [{ rows: 30, columns: 100 }, "fchdir: ENOTDIR (not a directory)"],
      { pid: true, uid: true, infinity: true },
      expect.arrayContaining(["umount2 /missing: ENOENT (no such file or directory) [MNT_DETACH]"]),
    ]);
  });
});
