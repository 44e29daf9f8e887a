// Engines that call an OCI runtime, with bunker as theirs: each script of callers/ has its checks.
import { expect, setDefaultTimeout, test } from "bun:test";
import { haveCommand, needsRoot, skipUnless } from "../harness/tier.ts";

const FOLDER = new URL("callers", import.meta.url).pathname;
setDefaultTimeout(600_000);

const CALLERS = {
  podman: "podman and conmon",
  buildah: "buildah",
  ctr: "containerd's shim",
  cri: "what a kubelet asks of containerd",
  docker: "dockerd and the docker command",
  swarm: "Docker Swarm on two nodes, one of which is killed",
  slurm: "Slurm on two nodes",
};

// The scripts install their packages themselves.
const describeCallers = haveCommand("apt-get")
  ? needsRoot
  : skipUnless(false, "callers: apt-get is not there to install them");

describeCallers("bunker as the runtime of", () => {
  for (const [script, what] of Object.entries(CALLERS)) {
    test(what, () => {
      const { exitCode, stdout, stderr } = Bun.spawnSync([`${FOLDER}/${script}.sh`]);
      const lines = stdout.toString().split("\n");
      for (const line of lines)
        if (line.startsWith("skip")) console.warn(`skipped: ${script}: ${line.slice(6)}`);
      const bad = lines.filter((line) => line !== "" && !/^(ok|skip|#)/.test(line));
      expect(exitCode === 0 ? "" : [...bad, stderr.toString()].join("\n")).toBe("");
      expect(bad.at(-1)).toMatch(/^\d+ passed, 0 failed, \d+ skipped$/);
    });
  }
});
