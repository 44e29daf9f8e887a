// runc's and crun's own tests, as far as there is time for them every day: one suite of each, with
// the peer that this Debian has. docs/conformance.md has the whole of it.

import { expect, setDefaultTimeout, test } from "bun:test";
import { existsSync } from "node:fs";
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

const run = (script: string, ...args: string[]) =>
  Bun.spawnSync([`${import.meta.dir}/${script}`, ...args]);

// The virtual machine emulates its CPU, and the suites drive an executable.
const isFit = haveCommand("apt-get") && underTest() === "binary" && !process.env["VM_RUN"];
// They take longer to fetch and to build than all other tests to run.
const isPrepared = existsSync(`${import.meta.dir}/../../.cache/conformance/sources`);
const describeSuites =
  isFit && isPrepared
    ? needsRoot
    : skipUnless(
        false,
        isFit
          ? "suites of the peers: once tests/conformance/prepare.sh has been run here"
          : "suites of the peers: only of the executable, on this machine, with apt-get",
      );

describeSuites("bunker passes what a peer passes of", () => {
  for (const { script, suite, peer } of SUITES) {
    test(`${script} of ${suite}`, () => {
      run(script, "--suite", suite, "--runtime", peer, "--runtime", "bunker");
      const kind = script.startsWith("runc") ? "runc" : "crun";
      const judged = Bun.spawnSync(["bun", `${import.meta.dir}/compare.ts`, `${kind}-${suite}`]);
      const report = judged.stdout.toString();
      expect(judged.exitCode === 0 ? "" : report).toBe("");
      expect(report).toContain("bunker");
    });
  }
});
