// The commands of images as a black box: names, archives, removal, containers as images.
import { beforeAll, describe, expect, test } from "bun:test";
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { needsRoot } from "../harness/tier.ts";
import { linesOf, nextLine } from "../run/box.ts";
import { openImageBox, SYSTEM } from "./image-box.ts";

needsRoot("image commands", () => {
  const box = openImageBox();
  const run = (...args: string[]) => box.text("run", "--rm", ...args);
  const idOf = (name: string) => box.text("images", "-q", "--no-trunc", name);

  beforeAll(async () => {
    const config = { Cmd: ["echo", "base"], Env: ["A=1"], Labels: { kind: "base" } };
    await box.load("base:1", config, [SYSTEM, "mkdir more && echo 1 >more/file"]);
    await box.load("other:1", { Cmd: ["true"] }, [SYSTEM]);
  });

  describe("images", () => {
    test("has docker's columns", async () => {
      const [header, ...rows] = (await box.text("images")).split("\n");
      expect(header).toMatch(/^REPOSITORY +TAG +IMAGE ID +CREATED +SIZE$/);
      expect(rows).toHaveLength(2);
      for (const row of rows) {
        expect(row).toMatch(/^(base|other) +1 +[0-9a-f]{12} +.+ ago +[\d.]+[kM]B$/);
      }
    });

    test("filters by name, label, age and whether there is a name", async () => {
      const list = (...flags: string[]) =>
        box.text("images", "--format", "{{.Repository}}", ...flags);
      expect(await list("base")).toBe("base");
      expect(await list("base:2")).toBe("");
      expect(await list("--filter", "reference=b*")).toBe("base");
      expect(await list("--filter", "label=kind=base")).toBe("base");
      expect(await list("--filter", "label=kind=x")).toBe("");
      expect(await list("--filter", "dangling=true")).toBe("");
      expect(await list("--filter", "until=2020-01-01")).toBe("");
      expect(await box.refusal("images", "--filter", "foo=x")).toEqual({
        exitCode: 1,
        message: "invalid filter 'foo'",
      });
    });
  });

  test("image inspect has docker's fields, and says which image is not there", async () => {
    const { exitCode, stdout, stderr } = await box.bunker(["image", "inspect", "base:1", "nope"]);
    expect({ exitCode, stderr }).toEqual({ exitCode: 1, stderr: "bunker: No such image: nope\n" });
    const [image] = JSON.parse(stdout);
    expect(image).toMatchObject({
      Id: await idOf("base:1"),
      RepoTags: ["base:1"],
      Created: "2026-01-02T03:04:05Z",
      Config: { Cmd: ["echo", "base"], Env: ["A=1"], Entrypoint: null },
      Os: "linux",
      RootFS: { Type: "layers" },
    });
    const format = '{{.Config.Cmd}} {{index .Config.Labels "kind"}} {{len .RootFS.Layers}}';
    expect(await box.text("image", "inspect", "-f", format, "base:1")).toBe("[echo base] base 2");
  });

  test("history shows each step, the latest first", async () => {
    const rows = (await box.text("history", "--format", "{{.ID}} {{.CreatedBy}}", "base:1")).split(
      "\n",
    );
    expect(rows).toHaveLength(2);
    expect(rows[0]).toMatch(/^[0-9a-f]{12} mkdir more && echo 1 >more\/file$/);
    expect(rows[1]).toStartWith("<missing> cp --archive");
  });

  test("tag gives one more name, rmi takes it away, the last one with the image", async () => {
    await box.text("tag", "other:1", "example.com/a/b:c");
    expect(await idOf("example.com/a/b:c")).toBe(await idOf("other:1"));
    const id = (await idOf("other:1")).slice("sha256:".length);
    expect(await box.refusal("rmi", id.slice(0, 12))).toEqual({
      exitCode: 1,
      message: `conflict: unable to delete ${id.slice(0, 12)} (must be forced) - image is referenced in multiple repositories`,
    });
    expect(await box.text("rmi", "example.com/a/b:c")).toBe("Untagged: example.com/a/b:c");
    const removed = await box.text("rmi", "other:1");
    expect(removed).toStartWith("Untagged: other:1\n");
    expect(removed).toContain(`Deleted: sha256:${id}`);
    // Its one layer belongs to the other image as well.
    expect(await run("base:1")).toBe("base");
    expect(await box.refusal("rmi", "other:1")).toEqual({
      exitCode: 1,
      message: "No such image: other:1",
    });
    expect(await box.text("system", "check")).toBe("No damage found");
  });

  test("rmi refuses what a container uses, and what it needs stays with --force", async () => {
    const { child } = await box.startContainer(
      "user",
      "--rm",
      "-i",
      "base:1",
      "sh",
      "-c",
      "read go; cat /more/file",
    );
    const { exitCode, message } = await box.refusal("rmi", "base:1");
    expect(exitCode).toBe(1);
    expect(message).toMatch(
      /^conflict: unable to remove repository reference "base:1" \(must force\)/,
    );
    await box.text("tag", "base:1", "kept:1");
    expect(await box.text("rmi", "-f", "kept:1")).toBe("Untagged: kept:1");
    await box.text("image", "prune", "-af");
    child.stdin.write("go\n");
    child.stdin.end();
    expect(await new Response(child.stdout).text()).toBe("1\n");
    expect(await child.exited).toBe(0);
  });

  describe("save and load", () => {
    test("through a file and through a pipe, docker's archive and OCI's", async () => {
      const id = await idOf("base:1");
      for (const format of ["docker-archive", "oci-archive"]) {
        const archive = box.path(`${format}.tar`);
        await box.text("save", "--format", format, "-o", archive, "base:1");
        await box.text("rmi", "base:1");
        const { stdout } = await box.bunker(["load"], { stdin: readFileSync(archive) });
        expect(stdout).toBe("Loaded image: base:1\n");
        expect(await idOf("base:1")).toBe(id);
        expect(await run("base:1")).toBe("base");
      }
    });

    test("through a folder, as pull and push have it", async () => {
      await box.text("push", "base:1", `oci:${box.path("layout")}:x`);
      expect(readdirSync(box.path("layout")).sort()).toEqual(["blobs", "index.json", "oci-layout"]);
      expect(await box.text("pull", `oci:${box.path("layout")}`)).not.toBe("");
    });

    test("of what is no image are refused, and leave nothing", async () => {
      writeFileSync(box.path("junk.tar"), "x".repeat(5000));
      const { exitCode, message } = await box.refusal("load", "-i", box.path("junk.tar"));
      expect(exitCode).toBe(1);
      expect(message).not.toBe("");
      expect(await box.refusal("load", "-i", "/nope")).toEqual({
        exitCode: 1,
        message: "open /nope: no such file or directory",
      });
      expect(await box.refusal("save", "nope")).toEqual({
        exitCode: 1,
        message: "No such image: nope",
      });
      const { message: where } = await box.refusal("save", "-o", "/nope/x", "base:1");
      expect(where).toBe(
        "failed to save image: invalid output path: stat /nope: no such file or directory",
      );
      expect(await box.text("system", "check")).toBe("No damage found");
    });
  });

  describe("a running container", () => {
    test("is told apart from its image, made an image of, and written as an archive", async () => {
      const made = "rm /more/file; mkdir /own; echo x >/own/file; chmod 700 /more";
      const script = `${made}; echo done; sleep 60`;
      const { child } = await box.startContainer("live", "--rm", "base:1", "sh", "-c", script);
      expect(await nextLine(linesOf(child.stdout))).toBe("done");
      expect((await box.text("diff", "live")).split("\n")).toEqual([
        "C /more",
        "D /more/file",
        "A /own",
        "A /own/file",
      ]);
      const changes = [
        "-c",
        "CMD cat /own/file",
        "-c",
        'LABEL a="b c"',
        "-c",
        "ENV B=2",
        "-c",
        "EXPOSE 80",
      ];
      const id = await box.text("commit", "-m", "why", "-a", "who", ...changes, "live", "made:1");
      expect(id).toBe(await idOf("made:1"));
      const names = await box.text("export", "-o", box.path("live.tar"), "live");
      expect(names).toBe("");
      box.killContainer("live");
      expect(await child.exited).toBe(137);
      expect(await run("made:1")).toBe("x");
      expect(await run("made:1", "sh", "-c", "ls /more; stat -c %a /more; echo $A$B")).toBe(
        "700\n12",
      );
      const format = "{{.Author}} {{.Comment}} {{json .Config.Labels}} {{.Config.ExposedPorts}}";
      expect(await box.text("image", "inspect", "-f", format, "made:1")).toBe(
        'who why {"kind":"base","a":"b c"} map[80/tcp:{}]',
      );
      const list = Bun.spawnSync([
        "tar",
        "--list",
        "--file",
        box.path("live.tar"),
      ]).stdout.toString();
      expect(list).toContain("own/file\n");
      expect(list).not.toContain("more/file");
      const imported = await box.text(
        "import",
        "-c",
        'CMD ["cat","/own/file"]',
        box.path("live.tar"),
        "imported:1",
      );
      expect(imported).toMatch(/^sha256:[0-9a-f]{64}$/);
      expect(await run("imported:1")).toBe("x");
    });

    test("that was never started has all of its image", async () => {
      await box.text("create", "--name", "unborn", "base:1");
      expect(await box.text("diff", "unborn")).toBe("");
      await box.text("commit", "-c", 'CMD ["echo","born"]', "unborn", "born:1");
      expect(await run("born:1")).toBe("born");
      await box.text("export", "-o", box.path("unborn.tar"), "unborn");
      await box.text("rm", "unborn");
      await box.text("rmi", "born:1");
    });

    test("that is not there is named", async () => {
      for (const verb of ["diff", "commit", "export"]) {
        const args = verb === "export" ? [verb, "-o", box.path("x"), "nope"] : [verb, "nope"];
        expect(await box.refusal(...args)).toEqual({
          exitCode: 1,
          message: "No such container: nope",
        });
      }
    });
  });

  test("a container that is kept holds on to its image and its volumes, running or not", async () => {
    await box.text("tag", "base:1", "own:1");
    const id = await box.text(
      "create",
      "--name",
      "idle",
      "-v",
      "/anon",
      "-v",
      "held:/h",
      "own:1",
      "sh",
      "-c",
      "ls /old 2>/dev/null; echo x >/new",
    );
    expect((await box.refusal("rmi", await idOf("own:1"))).message).toMatch(
      /must be forced\) - image is/,
    );
    expect((await box.refusal("volume", "rm", "held")).message).toStartWith(
      "remove held: volume is in use",
    );
    await box.text("rmi", "-f", "own:1");
    await box.load("own:1", { Cmd: ["true"] }, [SYSTEM, "touch old"]);
    await box.text("start", "idle");
    await box.text("wait", "idle");
    expect((await box.text("diff", "idle")).split("\n")).toContain("A /new");
    expect(await box.text("logs", "idle")).toBe("");
    expect(await box.text("commit", "idle", "again:1")).toBe(await idOf("again:1"));
    expect(await run("--volumes-from", "idle", "base:1", "sh", "-c", "ls -d /anon /h")).toBe(
      "/anon\n/h",
    );
    const pruned = await box.text("system", "prune", "-f", "--volumes");
    expect(pruned).toStartWith(`Deleted Containers:\n${id}\n\n`);
    await box.text("volume", "prune", "-af");
    for (const name of ["own:1", "again:1"]) await box.text("rmi", name);
    expect(await box.text("system", "check")).toBe("No damage found");
  });

  test("a container that ran in the foreground and is kept holds on to its image as well", async () => {
    await box.text("tag", "base:1", "fore:1");
    await box.text("run", "--name", "fore", "fore:1", "sh", "-c", "echo x >/new");
    expect(await box.text("rmi", "fore:1")).toBe("Untagged: fore:1");
    const again = await box.refusal("rmi", await idOf("base:1"));
    expect(again.message).toMatch(/must be forced\) - image is being used by stopped container/);
    expect(await box.text("diff", "fore")).toBe("A /new");
    expect(await box.text("container", "rm", "fore")).toBe("fore");
  });

  test("import refuses what is no archive, and keeps nothing of it", async () => {
    writeFileSync(box.path("text"), "no archive at all".repeat(100));
    const before = await box.text("images", "-aq");
    expect((await box.refusal("import", box.path("text"), "bad:1")).exitCode).toBe(1);
    expect(await box.text("images", "-aq")).toBe(before);
    await box.text("image", "prune", "-f");
    expect(await box.text("system", "check")).toBe("No damage found");
  });

  test("system df counts, system prune takes away what has no name, system check finds damage", async () => {
    const rows = (await box.text("system", "df", "--format", "{{.Type}} {{.TotalCount}}")).split(
      "\n",
    );
    expect(rows).toEqual(["Images 3", "Containers 0", "Local Volumes 0", "Build Cache 0"]);
    await box.text("tag", "base:1", "made:1");
    const pruned = await box.text("system", "prune", "-f");
    expect(pruned).toMatch(/^Deleted Images:\ndeleted: sha256:|untagged: /);
    expect(pruned).toMatch(/\n\nTotal reclaimed space: [\d.]+[kM]?B$/);
    const blobs = `${box.dataFolder}/images/blobs/sha256`;
    const manifest = JSON.parse(await box.text("image", "inspect", "base:1"))[0].Descriptor.digest;
    const { layers } = JSON.parse(readFileSync(`${blobs}/${manifest.slice(7)}`, "utf8"));
    writeFileSync(`${blobs}/${layers[0].digest.slice(7)}`, "damaged");
    expect((await box.bunker(["system", "check"])).exitCode).toBe(1);
    expect((await box.bunker(["system", "check", "--repair"])).exitCode).toBe(0);
    expect(await box.text("system", "check")).toBe("No damage found");
  });
});
