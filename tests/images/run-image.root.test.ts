// `run IMAGE`: what the container gets of the image, what the flags change, and what is left.
import { beforeAll, describe, expect, test } from "bun:test";
import { existsSync, readdirSync } from "node:fs";
import { busyboxRootfs } from "../harness/rootfs.ts";
import { eventually } from "../harness/eventually.ts";
import { needsRoot } from "../harness/tier.ts";
import { openImageBox, SYSTEM } from "./image-box.ts";

needsRoot("run IMAGE", () => {
  const box = openImageBox();
  const run = (...args: string[]) => box.text("run", "--rm", ...args);

  beforeAll(async () => {
    await box.load("plain:1", { Cmd: ["echo", "from cmd"] }, [SYSTEM]);
    const layers = [SYSTEM, "mkdir etc && echo second >etc/layer && mkdir gone && touch gone/a b"];
    const config = {
      Entrypoint: ["/bin/sh", "-c"],
      Cmd: ["echo entry; pwd; id"],
      Env: ["COLOR=red", "PATH=/bin:/own"],
      User: "web",
      WorkingDir: "/srv/dir",
      Labels: { from: "image" },
      Volumes: { "/anonymous": {} },
      ExposedPorts: { "80/tcp": {} },
      StopSignal: "SIGINT",
    };
    await box.load("full:1", config, [...layers, "mkdir gone && touch .wh.b gone/.wh.a"]);
  });

  describe("takes from the image", () => {
    test("its command", async () => {
      expect(await run("plain:1")).toBe("from cmd");
    });

    test("entrypoint, command, working directory and user with the user's groups", async () => {
      const [first, second, third] = (await run("full:1")).split("\n");
      expect([first, second]).toEqual(["entry", "/srv/dir"]);
      expect(third).toContain("uid=1000(web) gid=1000(web)");
      expect(third).toContain("(adm)");
    });

    test("its environment, under that of the flags", async () => {
      expect(await run("full:1", "echo $COLOR $PATH")).toBe("red /bin:/own");
      expect(await run("-e", "COLOR=blue", "full:1", "echo $COLOR")).toBe("blue");
    });

    test("all of its layers, whiteouts applied", async () => {
      const script = "cat /etc/layer; ls /gone; ls /b 2>&1; id -un";
      const printed = await run("full:1", script);
      expect(printed).toBe("second\nls: /b: No such file or directory\nweb");
    });
  });

  describe("lets flags win", () => {
    test("a command takes the place of the image's command, not of its entrypoint", async () => {
      expect(await run("full:1", "echo mine")).toBe("mine");
    });

    test("--entrypoint takes both away", async () => {
      expect(await run("--entrypoint", "/bin/echo", "full:1")).toBe("");
      expect(await run("--entrypoint", "/bin/echo", "full:1", "x")).toBe("x");
      expect(await run("--entrypoint", "", "full:1", "echo", "y")).toBe("y");
    });

    test("--user and --workdir", async () => {
      expect(await run("-u", "0", "-w", "/etc", "full:1", "id -u; pwd")).toBe("0\n/etc");
    });

    test("an empty --entrypoint without a command is refused as there is nothing to run", async () => {
      expect(await box.refusal("run", "--entrypoint", "", "full:1")).toEqual({
        exitCode: 125,
        message: "no command specified",
      });
    });
  });

  test("the same words a third time are those of the image that has the name by then", async () => {
    await box.text("tag", "plain:1", "again:1");
    const look = "cat /etc/layer 2>/dev/null || echo plain; id -un";
    const mark = `${look}; stat -c %a /; ls -d /m*; touch /mark; mkdir -p /a/b; echo x >/a/b/c`;
    const again = () => run("--entrypoint", "", "-u", "web", "again:1", "sh", "-c", look);
    const asRoot = () => run("--entrypoint", "", "again:1", "sh", "-c", mark);
    for (let i = 0; i < 4; i++) expect(await asRoot()).toBe("plain\nroot\n755\n/mnt");
    for (let i = 0; i < 4; i++) expect(await again()).toBe("plain\nweb");
    expect(readdirSync(`${box.dataFolder}/containers`)).toEqual([]);
    await box.text("tag", "full:1", "again:1");
    for (let i = 0; i < 4; i++) expect(await again()).toBe("second\nweb");
    expect(readdirSync(`${box.dataFolder}/containers`)).toEqual([]);
  });

  test("what a container writes is its own, and gone with it", async () => {
    expect(await run("plain:1", "sh", "-c", "echo x >/etc/new && cat /etc/new")).toBe("x");
    expect(await run("plain:1", "sh", "-c", "ls /etc/new 2>&1 || true")).toContain("No such file");
    expect(readdirSync(`${box.dataFolder}/containers`)).toEqual([]);
  });

  test("the disk is not waited for at the end of what is gone then, but of what is kept", async () => {
    const look = ["plain:1", "grep", " / / ", "/proc/self/mountinfo"];
    // Kernel: ",volatile", later ",fsync=volatile".
    for (let i = 0; i < 3; i++) expect(await run(...look)).toMatch(/[,=]volatile/);
    const kept = await box.text("run", "--name", "not-volatile", ...look);
    expect(kept).toContain(" overlay ");
    expect(kept).not.toContain("volatile");
    expect(await box.text("start", "-a", "not-volatile")).not.toContain("volatile");
    await box.text("rm", "not-volatile");
  });

  test("--read-only keeps it from writing", async () => {
    const printed = await run("--read-only", "plain:1", "sh", "-c", "touch /x 2>&1 || true");
    expect(printed).toContain("Read-only file system");
  });

  test("an id or its beginning names an image as well", async () => {
    const id = await box.text("images", "-q", "--no-trunc", "plain:1");
    expect(await run(id)).toBe("from cmd");
    expect(await run(id.slice("sha256:".length, "sha256:".length + 6))).toBe("from cmd");
  });

  test("an image that is not there is refused with --pull never, and explain pulls nothing", async () => {
    expect(await box.refusal("run", "--pull", "never", "nope:1")).toEqual({
      exitCode: 125,
      message: "No such image: nope:1",
    });
    expect(await box.refusal("explain", "run", "nope:1")).toEqual({
      exitCode: 125,
      message: "No such image: nope:1",
    });
  });

  test("explain shows the overlay, and makes nothing", async () => {
    const printed = await box.text("explain", "run", "full:1");
    expect(printed).toContain('mount("overlay"');
    expect(printed).toContain("upperdir=");
    expect(existsSync(`${box.dataFolder}/containers`)).toBe(true);
    expect(readdirSync(`${box.dataFolder}/containers`)).toEqual([]);
    expect(await box.text("volume", "ls", "-q")).toBe("");
  });

  test("an image of 130 layers runs", async () => {
    const layers = Array.from(
      { length: 129 },
      (_, index) => `mkdir l && echo ${index} >l/${index}`,
    );
    await box.load("deep:1", {}, [SYSTEM, ...layers]);
    expect(await run("deep:1", "sh", "-c", "ls /l | wc -l; cat /l/128; id -u")).toBe("129\n128\n0");
  });

  test("--user by a name that only an upper layer's passwd has", async () => {
    const passwd =
      "mkdir etc && printf 'root:x:0:0::/:/bin/sh\\nlate:x:77:88::/l:/bin/sh\\n' >etc/passwd";
    await box.load("late:1", { User: "late" }, [SYSTEM, passwd]);
    expect(await run("late:1", "sh", "-c", "id -u; id -g; echo $HOME")).toBe("77\n88\n/l");
  });

  test("another machine's image is warned of, and is not what --platform asks for", async () => {
    const theirs = process.arch === "arm64" ? "amd64" : "arm64";
    const tree = box.path("tree.tar");
    Bun.spawnSync(["tar", "--create", "--file", tree, "--directory", busyboxRootfs(), "."]);
    await box.text("import", "--platform", `linux/${theirs}`, tree, "theirs:1");
    const { exitCode, stdout, stderr } = await box.bunker(["run", "--rm", "theirs:1", "echo", "x"]);
    expect({ exitCode, stdout }).toEqual({ exitCode: 0, stdout: "x\n" });
    expect(stderr).toContain("does not match the detected host platform");
    expect(await run("--platform", `linux/${theirs}`, "theirs:1", "echo", "x")).toBe("x");
    const save = ["save", "-o", box.path("theirs.tar"), "--platform"];
    expect(await box.text(...save, `linux/${theirs}`, "theirs:1")).toBe("");
    expect((await box.refusal(...save, "linux/riscv64", "theirs:1")).message).toBe(
      "the image does not provide the specified platform (linux/riscv64)",
    );
    const never = ["run", "--pull", "never", "--platform", "linux/riscv64", "plain:1"];
    expect((await box.refusal(...never)).message).toContain(
      "does not match the specified platform",
    );
  });

  test("--mount type=image shows an image's files, of one layer and of several, read only", async () => {
    const look = "cat /img/etc/layer 2>/dev/null; ls /img/bin/sh; touch /img/x 2>&1 || true";
    const show = (image: string) =>
      run("--mount", `type=image,src=${image},dst=/img`, "plain:1", "sh", "-c", look);
    expect(await show("plain:1")).toBe("/img/bin/sh\ntouch: /img/x: Read-only file system");
    expect(await show("full:1")).toBe("second\n/img/bin/sh\ntouch: /img/x: Read-only file system");
    const part = "type=image,src=plain:1,dst=/img,image-subpath=etc";
    expect(await run("--mount", part, "plain:1", "ls", "/img/passwd")).toBe("/img/passwd");
  });

  test("image-subpath shows what all layers together have there", async () => {
    const show = (path: string, script: string) =>
      run(
        "--mount",
        `type=image,src=full:1,dst=/img,image-subpath=${path}`,
        "plain:1",
        ...["sh", "-c", script],
      );
    expect(await show("etc", "cat /img/layer; ls /img/passwd")).toBe("second\n/img/passwd");
    expect(await show("etc/layer", "cat /img")).toBe("second");
    // Whiteouts, and a folder that only one layer has.
    expect(await show("gone", "ls -a /img")).toBe(".\n..");
    const none = ["--mount", "type=image,src=full:1,dst=/img,image-subpath=b", "plain:1"];
    expect((await box.refusal("run", "--rm", ...none)).message).toBe(
      "cannot access path b: no such file or directory",
    );
  });

  describe("--userns auto", () => {
    const auto = ["--userns", "auto"];
    const mapped = (image: string, script: string, ...flags: string[]) =>
      run(...auto, ...flags, "--entrypoint", "/bin/sh", image, "-c", script);

    test("shows each layer's files with the image's ids, and root is nobody's id outside", async () => {
      const script =
        "head -n 1 /proc/self/uid_map | awk '{ print ($2 > 65535) }'; id -u; " +
        "stat -c %u:%g / /bin/sh /etc/layer /home/web";
      expect(await mapped("full:1", script, "-u", "root")).toBe("1\n0\n0:0\n0:0\n0:0\n1000:1000");
    });

    test("copies up and makes files as whoever the program is", async () => {
      const script =
        "echo x >>/etc/passwd; mkdir /own; chown web:web /own; rm -r /gone; mkdir /gone; " +
        "su web -c 'echo mine >/own/file'; stat -c %u:%g /etc/passwd /gone /own/file";
      expect(await mapped("full:1", script, "-u", "root")).toBe("0:0\n0:0\n1000:1000");
    });

    test("what it has changed is committed with the same ids, and its volume is any container's", async () => {
      await box.text(
        "run",
        "-d",
        "--name",
        "mapped",
        ...auto,
        "-v",
        "shared:/vol",
        "plain:1",
        "sleep",
        "60",
      );
      await box.text("exec", "mapped", "sh", "-c", "touch /vol/f; echo y >/z; chown web /z /vol/f");
      await box.text("commit", "mapped", "mapped:1");
      await box.text("rm", "-f", "mapped");
      const look = ["stat", "-c", "%u:%g", "/z", "/vol/f"];
      expect(await run("-v", "shared:/vol", "mapped:1", ...look)).toBe("1000:0\n1000:0");
      await box.text("rmi", "mapped:1");
      await box.text("volume", "rm", "shared");
    });
  });

  test("what a killed bunker leaves is cleared by the next run, once its container has ended", async () => {
    const { child } = await box.startContainer("killed", "--rm", "plain:1", "sleep", "60");
    const layers = (): string[] => readdirSync(`${box.dataFolder}/containers`);
    child.kill("SIGKILL");
    await child.exited;
    expect(await run("plain:1")).toBe("from cmd");
    expect(layers()).toHaveLength(1);
    box.killContainer("killed");
    await eventually(async () => {
      expect(await run("plain:1")).toBe("from cmd");
      return layers().length === 0;
    });
  });
});
