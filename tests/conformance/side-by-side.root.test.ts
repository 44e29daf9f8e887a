// bunker beside docker: a table of command lines, each through both; see side-by-side.sh.
import { expect, setDefaultTimeout, test } from "bun:test";
import { haveCommand, needsRoot, skipUnless } from "../harness/tier.ts";

const SCRIPT = new URL("side-by-side.sh", import.meta.url).pathname;
setDefaultTimeout(600_000);

/** Those that docker is not slow at: two thirds of the lines. The script without a word does them all. */
const SHORT = "create life exec ps inspect events cp images system flags";

// The script installs its packages itself.
const describeSides = haveCommand("apt-get")
  ? needsRoot
  : skipUnless(false, "side by side: apt-get is not there to install docker");

describeSides("what a user of docker types", () => {
  test("gives the same output and exit code, or is listed with the reason", () => {
    const { exitCode, stdout, stderr } = Bun.spawnSync([SCRIPT, ...SHORT.split(" ")]);
    const lines = stdout.toString().split("\n");
    const skipped = lines.find((line) => line.startsWith("skip"));
    if (exitCode === 0 && skipped !== undefined) {
      console.warn(`skipped: side by side: ${skipped.slice("skip  ".length)}`);
      return;
    }
    const bad = lines.filter((line) => line !== "" && !/^(ok|#)/.test(line));
    expect(exitCode === 0 ? "" : [...bad, stderr.toString()].join("\n")).toBe("");
    expect(bad.at(-1)).toMatch(/^\d+ passed, 0 failed, \d+ of them differ as listed$/);
  });
});
