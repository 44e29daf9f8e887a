// What bunker keeps is root's: anybody else is told so.
import { expect, test } from "bun:test";
import { chmodSync } from "node:fs";
import { needsRoot } from "../harness/tier.ts";
import { openImageBox } from "./image-box.ts";

needsRoot("somebody who is not root", () => {
  const box = openImageBox();

  test("is told to become it, whatever they ask for", async () => {
    await box.text("volume", "create", "there");
    chmodSync(box.folder, 0o755);
    chmodSync(box.dataFolder, 0o700);
    const prefix = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"];
    for (const args of [
      ["images"],
      ["volume", "create", "xx"],
      ["pull", "x:1"],
      ["system", "df"],
    ]) {
      const { exitCode, stderr } = await box.bunker(args, { prefix, cwd: "/" });
      expect(exitCode).toBe(1);
      expect(stderr).toMatch(
        /EACCES .*\n  hint: what bunker keeps is root's: start it with sudo\n$/,
      );
    }
  });
});
