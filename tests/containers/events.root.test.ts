// What is told of the life of containers.

import { expect, test } from "bun:test";
import { eventually } from "../harness/eventually.ts";
import { needsRoot } from "../harness/tier.ts";
import { linesOf, nextLine, openBox } from "../run/box.ts";
import { isWatching } from "./container-processes.ts";

needsRoot("events", () => {
  const box = openBox();
  const ok = async (...args: readonly string[]): Promise<string> => {
    const { exitCode, stdout, stderr } = await box.bunker(args);
    expect({ args, exitCode, stderr }).toEqual({ args, exitCode: 0, stderr: "" });
    return stdout.trimEnd();
  };
  const told = async (name: string) =>
    (
      await ok(
        ...["events", "--since", "0", "--until", "0s", "--filter", `container=${name}`],
        ...["--format", "{{.Action}}"],
      )
    ).split("\n");

  test("tell the whole life of a container, in its order", async () => {
    const flags = ["-d", "--name", "told", "--label", "a=b", "--rootfs", box.rootfs];
    const id = await ok("run", ...flags, "/bin/sleep", "600");
    await ok("exec", "told", "/bin/true");
    await ok("pause", "told");
    await ok("unpause", "told");
    await ok("update", "--restart", "no", "told");
    await ok("restart", "-t", "0", "told");
    await ok("rename", "told", "renamed");
    await ok("kill", "renamed");
    await ok("rm", "renamed");
    expect(await told(id)).toEqual([
      ...["create", "start", "exec_create: /bin/true ", "exec_start: /bin/true ", "exec_die"],
      ...["pause", "unpause", "update", "kill", "kill", "die", "stop", "start", "restart"],
      ...["rename", "kill", "die", "destroy"],
    ]);
    const format = "{{.Type}} {{.Actor.Attributes.a}} {{.Actor.Attributes.exitCode}}";
    const range = ["--since", "0", "--until", "0s", "--filter", "event=die"];
    expect(await ok("events", ...range, "--format", format)).toBe(
      "container b 137\ncontainer b 137",
    );
  });

  test("are shown as they come, also of what ends by itself", async () => {
    await using following = box.start(["events", "--filter", "event=die", "--format", "json"]);
    const lines = linesOf(following.child.stdout);
    await eventually(() => isWatching(following.child.pid));
    await ok("run", "-d", "--name", "ends", "--rootfs", box.rootfs, "/bin/sh", "-c", "exit 3");
    const event = JSON.parse(await nextLine(lines));
    expect(event).toMatchObject({ status: "die", Actor: { Attributes: { exitCode: "3" } } });
    await ok("wait", "ends");
    await ok("rm", "ends");
  });

  test("tell of what runs in the foreground with --rm, also where that is replayed", async () => {
    const run = async (script: string): Promise<number> => {
      const words = ["run", "--rm", "--label", "by=hand", "--rootfs", box.rootfs];
      return (await box.bunker([...words, "/bin/sh", "-c", script])).exitCode;
    };
    const codes: number[] = [];
    for (const script of ["true", "exit 3"]) {
      for (let time = 0; time < 4; time++) codes.push(await run(script));
    }
    expect(codes).toEqual([0, 0, 0, 0, 3, 3, 3, 3]);
    const range = ["--since", "0", "--until", "0s", "--filter", "label=by=hand"];
    const format = "{{.ID}} {{.Action}} {{.Actor.Attributes.exitCode}}";
    const lines = (await ok("events", ...range, "--format", format)).split("\n");
    const ids = [...new Set(lines.map((line) => line.slice(0, 64)))];
    const lives = ids.map((id) => lines.filter((line) => line.startsWith(id)));
    const life = (code: number) => ["create", "attach", "start", `die ${code}`, "destroy"];
    const none = (line: string) => line.slice(65).replace(/ (<no value>)?$/, "");
    expect(lives.map((each) => each.map(none))).toEqual(codes.map(life));
  });

  test("tell of images, volumes and networks", async () => {
    const { stdout: archive } = Bun.spawnSync(["tar", "-C", box.rootfs, "-c", "bin/busybox"]);
    await box.bunker(["import", "-", "told:1"], { stdin: archive });
    await ok("tag", "told:1", "told:2");
    await ok("rmi", "told:2");
    await ok("network", "create", "told-net");
    await ok("network", "rm", "told-net");
    await ok("volume", "create", "told-volume");
    const mounted = ["-v", "told-volume:/data", "told:1", "/bin/busybox", "true"];
    await ok("run", "--rm", ...mounted);
    await ok("volume", "rm", "told-volume");
    await ok("rmi", "told:1");
    const range = ["events", "--since", "1h", "--until", "0s", "--format", "{{.Type}} {{.Action}}"];
    const types = ["image", "network", "volume"].flatMap((type) => ["--filter", `type=${type}`]);
    expect((await ok(...range, ...types)).split("\n")).toEqual([
      ...["image import", "image tag", "image untag", "network create", "network destroy"],
      ...["volume create", "volume mount", "volume unmount", "volume destroy"],
      ...["image untag", "image delete"],
    ]);
    const named = [...range, "--filter", "volume=told-volume"];
    expect((await ok(...named)).split("\n")).toHaveLength(4);
  });

  test("refuse what they do not know", async () => {
    const { exitCode, stderr } = await box.bunker(["events", "--filter", "colour=red"]);
    expect(exitCode).toBe(1);
    expect(stderr).toContain("invalid filter 'colour'");
  });
});
