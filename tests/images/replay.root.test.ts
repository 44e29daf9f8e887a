// A run of an image with volumes, the third time of the same words: the volumes are those that are there,
// whoever has made, emptied or removed them since.

import { beforeAll, expect, test } from "bun:test";
import { underTest } from "../harness/bunker.ts";
import { eventually } from "../harness/eventually.ts";
import { isReplayable } from "../harness/kept-launches.ts";
import { needsRoot } from "../harness/tier.ts";
import { openImageBox, SYSTEM } from "./image-box.ts";

const isReplayed = underTest() === "binary";
if (!isReplayed) console.warn("skipped: replays: the executable alone does so");
const TIMES = [1, 2, 3, 4] as const;

needsRoot("a run with volumes, a third time", () => {
  const box = openImageBox();
  const it = test.skipIf(!isReplayed);

  beforeAll(() => box.load("data:1", {}, [SYSTEM, "mkdir -p srv && echo hi >srv/file"]));

  const isKept = (word: string): boolean => isReplayable(box.runFolder, word);

  it("writes into the volume that the others wrote into", async () => {
    const script = "echo x >>/kept/lines; wc -l </kept/lines";
    const words = ["run", "--rm", "-v", "kept:/kept", "data:1", "sh", "-c", script];
    for (const time of TIMES) expect(await box.text(...words)).toBe(String(time));
    expect(isKept("/kept/lines")).toBe(true);
    await box.text("volume", "rm", "kept");
    for (const time of TIMES) expect(await box.text(...words)).toBe(String(time));
  });

  it("fills a volume again that was emptied", async () => {
    const see = ["run", "--rm", "-v", "filled:/srv", "data:1", "cat", "/srv/file"];
    for (const _ of TIMES) expect(await box.text(...see)).toBe("hi");
    expect(isKept("/srv/file")).toBe(true);
    await box.text("run", "--rm", "-v", "filled:/srv", "data:1", "rm", "/srv/file");
    expect(await box.text(...see)).toBe("hi");
    const bare = ["run", "--rm", "-v", "bare:/srv:nocopy", "data:1", "ls", "/srv"];
    for (const _ of TIMES) expect(await box.text(...bare)).toBe("");
    expect(isKept("bare:/srv")).toBe(true);
  });

  it("in the background holds its volume, and gives it back", async () => {
    const names = TIMES.map((time) => `holder-${time}`);
    for (const name of names) {
      const flags = ["-d", "--name", name, "-v", "held:/held"];
      await box.text(
        "run",
        ...flags,
        "data:1",
        "sh",
        "-c",
        "hostname >>/held/names; exec sleep 600",
      );
    }
    expect(isKept("/held/names")).toBe(true);
    await eventually(
      async () =>
        (await box.text("exec", "holder-4", "wc", "-l", "/held/names")) === "4 /held/names",
    );
    for (const name of names) {
      expect((await box.bunker(["volume", "rm", "held"])).stderr).toContain("volume is in use");
      expect(await box.text("inspect", "-f", "{{(index .Mounts 0).Name}}", name)).toBe("held");
      await box.text("rm", "-f", name);
    }
    await box.text("volume", "rm", "held");
  });

  it("tells of its volume between its creation and its start, and at its end", async () => {
    await box.text("volume", "create", "told");
    const begun = Date.now();
    for (const _ of TIMES) {
      await box.text("run", "--rm", "-v", "told:/told", "data:1", "sh", "-c", ": told");
    }
    expect(isKept(": told")).toBe(true);
    const since = ["events", "--since", String(begun / 1000), "--until", "0s"];
    const said = await box.text(...since, "--format", "{{.Type}} {{.Action}}");
    // It may have been made in the same millisecond.
    const lines = said.split("\n").filter((line) => line !== "volume create");
    const once = [
      ...["container create", "container attach", "volume mount", "container start"],
      ...["container die", "volume unmount", "container destroy"],
    ];
    expect(lines).toEqual(TIMES.flatMap(() => once));
  });
});
