// runc's and crun's own tests, as far as there is time for them every day: one suite of each, with
// the peer that this Debian has. docs/conformance.md has the whole of it.

import { expect, setDefaultTimeout, test } from "bun:test";
import { underTest } from "../harness/bunker.ts";
import { haveCommand, needsRoot, skipUnless } from "../harness/tier.ts";

setDefaultTimeout(30 * 60_000);

interface Suite {
  readonly script: string;
  readonly suite: string;
  readonly peer: string;
}

const SUITES: readonly Suite[] = [
  { script: "runc-bats.sh", suite: "trixie", peer: "runc" },
  { script: "crun-tests.sh", suite: "bookworm", peer: "crun" },
];

function run(script: string, ...args: string[]): { exitCode: number; text: string } {
  const { exitCode, stdout, stderr } = Bun.spawnSync([`${import.meta.dir}/${script}`, ...args]);
  return { exitCode, text: `${stdout.toString()}${stderr.toString()}` };
}

// The virtual machine emulates its CPU, and the suites drive an executable.
const isFit = haveCommand("apt-get") && underTest() === "binary" && !process.env["VM_RUN"];
const describeSuites = isFit
  ? needsRoot
  : skipUnless(false, "suites of the peers: only of the executable, on this machine, with apt-get");

describeSuites("bunker passes what a peer passes of", () => {
  const prepared = run("prepare.sh");

  for (const { script, suite, peer } of SUITES) {
    test(`${script} of ${suite}`, () => {
      if (prepared.exitCode !== 0) {
        console.warn(`skipped: ${script}: the sources cannot be had: ${lastLine(prepared.text)}`);
        return;
      }
      run(script, "--suite", suite, "--runtime", peer, "--runtime", "bunker");
      const kind = script.startsWith("runc") ? "runc" : "crun";
      const judged = Bun.spawnSync(["bun", `${import.meta.dir}/compare.ts`, `${kind}-${suite}`]);
      const report = judged.stdout.toString();
      expect(judged.exitCode === 0 ? "" : report).toBe("");
      expect(report).toContain("bunker");
    });
  }
});

const lastLine = (text: string): string => text.trim().split("\n").at(-1) ?? "";
