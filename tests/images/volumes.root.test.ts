// Volumes as a black box: made, filled, shared, kept, taken away.
import { beforeAll, describe, expect, test } from "bun:test";
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { eventually } from "../harness/eventually.ts";
import { needsRoot } from "../harness/tier.ts";
import { attachDisk, formatExt4 } from "../run/loop-disk.ts";
import { openImageBox, SYSTEM } from "./image-box.ts";

needsRoot("volumes", () => {
  const box = openImageBox();
  const run = (...args: string[]) => box.text("run", "--rm", ...args);
  const disk = attachDisk(box.folder, formatExt4);
  const dataOf = (name: string) => `${box.dataFolder}/volumes/${name}/_data`;

  beforeAll(async () => {
    const filled =
      "mkdir -p srv/in && echo hi >srv/file && ln srv/file srv/twin && ln -s file srv/link && " +
      "chown -R 12:34 srv && chmod 750 srv && mkfifo srv/fifo";
    await box.load("data:1", { Cmd: ["true"] }, [SYSTEM, filled]);
    await box.load("owner:1", { Volumes: { "/srv": {} } }, [SYSTEM, filled]);
    await box.load("sly:1", {}, [SYSTEM, "ln -s /etc sly && mkdir etc && echo own >etc/passwd"]);
  });

  describe("a named volume", () => {
    test("keeps what a container writes for the next one", async () => {
      await run("-v", "kept:/kept", "data:1", "sh", "-c", "echo x >/kept/file");
      expect(await run("-v", "kept:/other", "data:1", "cat", "/other/file")).toBe("x");
      expect(await box.text("volume", "ls", "-q")).toBe("kept");
    });

    test("is filled from the image at its first use, owners and all", async () => {
      const list = "cd /srv && stat -c '%n %F %u:%g %a %h' . file link fifo twin";
      const there = await run("data:1", "sh", "-c", list);
      expect(await run("-v", "filled:/srv", "data:1", "sh", "-c", list)).toBe(there);
      expect(there.split("\n")[0]).toBe(". directory 12:34 750 3");
      await run("-v", "filled:/srv", "data:1", "rm", "/srv/file");
      expect(await run("-v", "filled:/srv", "data:1", "ls", "/srv")).toBe("fifo\nin\nlink\ntwin");
    });

    test("stays empty with nocopy", async () => {
      expect(await run("-v", "bare:/srv:nocopy", "data:1", "ls", "/srv")).toBe("");
      const mount = "type=volume,src=bare2,dst=/srv,volume-nocopy";
      expect(await run("--mount", mount, "data:1", "ls", "/srv")).toBe("");
    });

    test("is read only with ro", async () => {
      const printed = await run(
        "-v",
        "kept:/k:ro",
        "data:1",
        "sh",
        "-c",
        "touch /k/f 2>&1 || true",
      );
      expect(printed).toContain("Read-only file system");
    });

    test("is filled from inside the image, wherever the image's links lead", async () => {
      await run("-v", "sly:/sly", "sly:1", "true");
      expect(readdirSync(dataOf("sly")).sort()).toContain("passwd");
      expect(await run("-v", "sly:/s", "data:1", "cat", "/s/passwd")).toBe("own");
    });

    test("is mounted in part with volume-subpath, never outside itself", async () => {
      await run(
        "-v",
        "kept:/k",
        "data:1",
        "sh",
        "-c",
        "mkdir -p /k/a && touch /k/a/b && ln -s / /k/out",
      );
      const mount = (path: string) => `type=volume,src=kept,dst=/m,volume-subpath=${path}`;
      expect(await run("--mount", mount("a"), "data:1", "ls", "/m")).toBe("b");
      const { message } = await box.refusal("run", "--mount", mount("out/etc"), "data:1", "true");
      expect(message).toMatch(/^subpath must not lead over symbolic links/);
    });

    test("may be a folder of the host", async () => {
      writeFileSync(box.path("there"), "");
      const device = `device=${box.folder}`;
      await box.text("volume", "create", "-o", "type=none", "-o", "o=bind", "-o", device, "bound");
      expect(await run("-v", "bound:/b", "data:1", "ls", "/b/there")).toBe("/b/there");
    });

    test("may be any file system, made as the host reaches it and nowhere mounted on it", async () => {
      if (disk === undefined) return;
      const options = ["-o", "type=ext4", "-o", `device=${disk.path}`, "-o", "o=noatime"];
      await box.text("volume", "create", ...options, "disk");
      const look = "grep ' /d ' /proc/mounts | cut -d' ' -f3,4; echo x >/d/f; ls /d/f";
      const inside = (...flags: string[]) => run(...flags, "data:1", "sh", "-c", look);
      expect(await inside("-v", "disk:/d")).toBe("ext4 rw,noatime\n/d/f");
      expect(await inside("--userns", "auto", "--user", "0", "-v", "disk:/d")).toContain("ext4 rw");
      expect(await run("-v", "disk:/d:ro", "data:1", "sh", "-c", "touch /d/g 2>&1 || ls /d")).toBe(
        "touch: /d/g: Read-only file system\nf\nlost+found",
      );
      expect(readFileSync("/proc/mounts", "utf8")).not.toContain(`${disk.path} `);
      await box.text("volume", "rm", "disk");
    });

    test.each([
      [["bogus=1"], 'create odd: invalid option: "bogus"'],
      [["size=1g"], 'create odd: invalid option: "size"'],
      [["type=nfs"], 'create odd: missing required option: "device"'],
      [["device=/x"], 'create odd: missing required option: "type"'],
    ])("cannot have the options %j", async (options, message) => {
      const flags = options.flatMap((option) => ["-o", option]);
      expect((await box.refusal("volume", "create", ...flags, "odd")).message).toBe(message);
    });
  });

  describe("a volume that nobody named", () => {
    test("goes with a container that --rm removes", async () => {
      const before = await box.text("volume", "ls", "-q");
      expect(await run("owner:1", "cat", "/srv/file")).toBe("hi");
      expect(await run("-v", "/v", "data:1", "sh", "-c", "touch /v/x; ls /v")).toBe("x");
      expect(await box.text("volume", "ls", "-q")).toBe(before);
    });

    test("stays without --rm until its container is removed and it is pruned; the named ones stay", async () => {
      await box.text("run", "owner:1", "true");
      expect(await box.text("volume", "prune", "-f")).toBe("Total reclaimed space: 0B");
      await box.text("container", "prune", "-f");
      const named = (await box.text("volume", "ls", "-q")).split("\n");
      const pruned = await box.text("volume", "prune", "-f");
      expect(pruned).toMatch(
        /^Deleted Volumes:\n[0-9a-f]{64}\n\nTotal reclaimed space: \d+(\.\d+)?k?B$/,
      );
      expect(await box.text("volume", "ls", "-q")).toBe(
        named.filter((name) => name.length < 64).join("\n"),
      );
    });
  });

  test("one that nobody named goes with a --rm container, even where bunker was killed", async () => {
    const before = await box.text("volume", "ls", "-q");
    const { child } = await box.startContainer(
      "dies",
      "--rm",
      "-v",
      "/own",
      "owner:1",
      "sleep",
      "60",
    );
    expect(await box.text("volume", "ls", "-q")).not.toBe(before);
    child.kill("SIGKILL");
    await child.exited;
    box.killContainer("dies");
    await eventually(async () => {
      await run("data:1", "true");
      return (await box.text("volume", "ls", "-q")) === before;
    });
  });

  test("--volumes-from mounts what another container has, and volume rm refuses what is in use", async () => {
    const mounts = ["-v", "kept:/k", "-v", `${box.folder}:/h`];
    const { child } = await box.startContainer("first", "--rm", ...mounts, "data:1", "sleep", "60");
    const shared = ["--volumes-from", "first", "data:1", "sh", "-c"];
    expect(await run(...shared, "cat /k/file; ls /h/there")).toBe("x\n/h/there");
    const readonly = ["--volumes-from", "first:ro", "data:1", "sh", "-c"];
    expect(await run(...readonly, "touch /k/z 2>&1 || true")).toContain("Read-only file system");
    const { exitCode, message } = await box.refusal("volume", "rm", "kept");
    expect(exitCode).toBe(1);
    expect(message).toMatch(/^remove kept: volume is in use - \[[0-9a-f]{64}\]$/);
    expect(await box.text("volume", "ls", "-q", "--filter", "dangling=false")).toBe("kept");
    box.killContainer("first");
    expect(await child.exited).toBe(137);
  });

  describe("volume", () => {
    test("create prints the name, and makes up one", async () => {
      expect(await box.text("volume", "create", "--label", "a=b", "made")).toBe("made");
      expect(await box.text("volume", "create", "made")).toBe("made");
      expect(await box.text("volume", "create")).toMatch(/^[0-9a-f]{64}$/);
      expect(await box.text("volume", "ls", "--format", "{{.Name}}", "--filter", "label=a=b")).toBe(
        "made",
      );
    });

    test("inspect shows it as docker does", async () => {
      const [volume] = JSON.parse(await box.text("volume", "inspect", "made"));
      expect(volume).toEqual({
        CreatedAt: expect.stringMatching(/^\d{4}-\d\d-\d\dT/),
        Driver: "local",
        Labels: { a: "b" },
        Mountpoint: dataOf("made"),
        Name: "made",
        Options: null,
        Scope: "local",
      });
      expect(await box.text("volume", "inspect", "-f", "{{.Mountpoint}}", "made")).toBe(
        dataOf("made"),
      );
    });

    test("rm takes it away, and goes on after one that is not there", async () => {
      const { exitCode, stdout, stderr } = await box.bunker(["volume", "rm", "nope", "made"]);
      expect({ exitCode, stdout, stderr }).toEqual({
        exitCode: 1,
        stdout: "made\n",
        stderr:
          "bunker: get nope: no such volume\n" +
          "  hint: 'bunker volume ls' lists those that there are\n",
      });
      expect(await box.text("volume", "rm", "-f", "nope")).toBe("nope");
    });

    test("names that cannot be are refused", async () => {
      const { exitCode, message } = await box.refusal("volume", "create", "a/b");
      expect(exitCode).toBe(1);
      expect(message).toStartWith('create a/b: "a/b" includes invalid characters');
    });
  });
});
