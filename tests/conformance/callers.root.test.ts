// Engines that call an OCI runtime, with bunker as theirs: each script of callers/ has its checks.
import { beforeAll, expect, setDefaultTimeout, test } from "bun:test";
import { haveCommand, needsRoot, skipUnless } from "../harness/tier.ts";

const FOLDER = new URL("callers", import.meta.url).pathname;
setDefaultTimeout(600_000);

const CALLERS = {
  swarm: "Docker Swarm on two nodes, one of which is killed",
  docker: "dockerd and the docker command",
  slurm: "Slurm on two nodes",
  podman: "podman and conmon",
  cri: "what a kubelet asks of containerd",
  ctr: "containerd's shim",
  buildah: "buildah",
};
/** They wait for each other's daemons most of the time, and each has a sandbox of its own. */
const AT_ONCE = 2;

interface Said {
  readonly exitCode: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs all scripts, some at a time, the first ones first; what each said, by its name. */
function runScripts(names: readonly string[]): ReadonlyMap<string, Promise<Said>> {
  const waiting = names.map((name) => ({ name, ...Promise.withResolvers<Said>() }));
  const ends = new Map(waiting.map(({ name, promise }) => [name, promise]));
  const work = async (): Promise<void> => {
    for (let next = waiting.shift(); next !== undefined; next = waiting.shift()) {
      next.resolve(await runScript(next.name));
    }
  };
  for (let n = 0; n < AT_ONCE; n++) void work();
  return ends;
}

async function runScript(name: string): Promise<Said> {
  const child = Bun.spawn([`${FOLDER}/${name}.sh`], { stdout: "pipe", stderr: "pipe" });
  const [stdout, stderr, exitCode] = await Promise.all([
    new Response(child.stdout).text(),
    new Response(child.stderr).text(),
    child.exited,
  ]);
  return { exitCode, stdout, stderr };
}

// The scripts install their packages themselves.
const describeCallers = haveCommand("apt-get")
  ? needsRoot
  : skipUnless(false, "callers: apt-get is not there to install them");

describeCallers("bunker as the runtime of", () => {
  let ends: ReadonlyMap<string, Promise<Said>> = new Map();
  beforeAll(() => {
    ends = runScripts(Object.keys(CALLERS));
  });

  for (const [script, what] of Object.entries(CALLERS)) {
    test(what, async () => {
      const said = await ends.get(script);
      const lines = said?.stdout.split("\n") ?? [];
      for (const line of lines)
        if (line.startsWith("skip")) console.warn(`skipped: ${script}: ${line.slice(6)}`);
      const bad = lines.filter((line) => line !== "" && !/^(ok|skip|#)/.test(line));
      expect(said?.exitCode === 0 ? "" : [...bad, said?.stderr].join("\n")).toBe("");
      expect(bad.at(-1)).toMatch(/^\d+ passed, 0 failed, \d+ skipped$/);
    });
  }
});
