// Images that other tools made, and images for them: the scripts beside this file, each with a line
// a case.
import { expect, setDefaultTimeout, test } from "bun:test";
import { haveCommand, needsRoot, skipUnless } from "../harness/tier.ts";

const FOLDER = new URL(".", import.meta.url).pathname;
setDefaultTimeout(600_000);

const SCRIPTS = {
  archives: "archives and folders",
  registry: "a registry",
};

// The scripts install their packages themselves.
const describeExchange = haveCommand("apt-get")
  ? needsRoot
  : skipUnless(false, "exchange of images: apt-get is not there to install the other tools");

describeExchange("images go to other tools and come from them unchanged", () => {
  for (const [script, way] of Object.entries(SCRIPTS)) {
    test(`by way of ${way}`, () => {
      const command = [process.execPath, `${FOLDER}${script}.ts`];
      const { exitCode, stdout, stderr } = Bun.spawnSync(command);
      const lines = stdout.toString().trim().split("\n");
      const bad = lines.filter((line) => !line.startsWith("ok"));
      expect(exitCode === 0 ? "" : [...bad, stderr.toString()].join("\n")).toBe("");
      expect(lines.at(-1)).toMatch(/^\d+ passed, 0 failed$/);
    });
  }
});
