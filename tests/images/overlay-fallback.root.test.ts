// Where no overlay can have its changes in the data folder, an image is copied, and said so.
import { beforeAll, expect, test } from "bun:test";
import { mkdirSync } from "node:fs";
import { needsRoot } from "../harness/tier.ts";
import { bunkerCommand } from "../harness/bunker.ts";
import { openImageBox, SYSTEM } from "./image-box.ts";

needsRoot("a data folder on an overlay", () => {
  const box = openImageBox();

  beforeAll(async () => {
    const files = "mkdir own && echo x >own/file && ln own/file own/twin && chown 5:6 own/file";
    await box.load("plain:1", { Cmd: ["cat", "/own/file"] }, [
      SYSTEM,
      files,
      "mkdir etc && echo 2 >etc/two",
    ]);
  });

  /** Runs bunker in a mount namespace of its own, where the data folder is on an overlay. */
  function runOnOverlay(...args: string[]) {
    for (const name of ["upper", "work", "merged"])
      mkdirSync(box.path(`over/${name}`), { recursive: true });
    const options = `lowerdir=${box.dataFolder},upperdir=${box.path("over/upper")},workdir=${box.path("over/work")}`;
    const script = `mount -t overlay overlay -o "${options}" "${box.path("over/merged")}" && exec "$@"`;
    const command = [
      "unshare",
      "--mount",
      "/bin/sh",
      "-ec",
      script,
      "sh",
      ...bunkerCommand(),
      ...args,
    ];
    const env = {
      ...process.env,
      BUNKER_RUN: box.path("over-run"),
      BUNKER_DATA: box.path("over/merged"),
    };
    const { exitCode, stdout, stderr } = Bun.spawnSync(command, { env, stdin: "ignore" });
    return { exitCode, stdout: stdout.toString(), stderr: stderr.toString() };
  }

  test("is told of, and an image runs all the same, with its owners and links", () => {
    const script = "cat /own/file /etc/two; stat -c '%u:%g %h' /own/file; touch /new && ls /new";
    const { exitCode, stdout, stderr } = runOnOverlay("run", "--rm", "plain:1", "sh", "-c", script);
    expect({ exitCode, stdout, stderr }).toMatchObject({
      exitCode: 0,
      stdout: "x\n2\n5:6 2\n/new\n",
    });
    expect(stderr).toMatch(
      /^bunker: warning: no overlay can be mounted with its changes in .*so the image is copied: .*\n$/,
    );
  });
});
