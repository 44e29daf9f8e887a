// Files between a container and the host, by docker's rules.

import { afterAll, beforeAll, expect, test } from "bun:test";
import {
  chownSync,
  existsSync,
  lstatSync,
  mkdirSync,
  readFileSync,
  readlinkSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { needsRoot } from "../harness/tier.ts";
import { openImageBox, SYSTEM } from "../images/image-box.ts";
import { openBox } from "../run/box.ts";

const IMAGE = "localhost/system:1";
const FILES = `${SYSTEM} && mkdir -p srv/site data && echo index > srv/site/index && ln -s index srv/site/link \
  && ln -s /srv/site srv/way && ln -s /../../../../etc srv/out && chown 12:34 srv/site/index && chmod 4751 srv/site/index`;

needsRoot("cp", () => {
  // Order: before the box looks for what is left.
  afterAll(async () => {
    await box.text("rm", "-f", "still", "runs");
    await box.text("volume", "rm", "kept");
  });
  const box = openImageBox();
  const at = (name: string) => box.path(`host/${name}`);
  const read = (name: string) => readFileSync(at(name), "utf8");
  const cp = async (...args: readonly string[]) => {
    expect(await box.text("cp", ...args)).toBe("");
  };

  beforeAll(async () => {
    await box.load(IMAGE, { Cmd: ["/bin/sleep", "600"] }, [FILES]);
    mkdirSync(at("folder/below"), { recursive: true });
    writeFileSync(at("folder/below/file"), "below\n");
    writeFileSync(at("file"), "file\n");
    await box.text("create", "--name", "still", "-v", "kept:/data", IMAGE);
    await box.text("run", "-d", "--name", "runs", "-v", "kept:/data", IMAGE);
  });

  for (const name of ["still", "runs"]) {
    const inside = (path: string) => `${name}:${path}`;

    test(`${name}: a file goes into a folder, becomes what is not there, and replaces a file`, async () => {
      await cp(at("file"), inside("/srv"));
      await cp(at("file"), inside("srv/new"));
      await cp(inside("/srv/file"), at(`${name}-out`));
      expect(read(`${name}-out`)).toBe("file\n");
      writeFileSync(at(`${name}-more`), "more\n");
      await cp(at(`${name}-more`), inside("/srv/new"));
      await cp(inside("/srv/new"), at(`${name}-out`));
      expect(read(`${name}-out`)).toBe("more\n");
    });

    test(`${name}: a folder goes into one, becomes one, and with /. gives its contents`, async () => {
      await cp(at("folder"), inside("/srv"));
      await cp(at("folder"), inside("/srv/other"));
      await cp(at("folder/."), inside("/srv/site"));
      const out = at(`${name}-tree`);
      await cp(inside("/srv"), out);
      for (const path of ["folder/below/file", "other/below/file", "site/below/file"]) {
        expect(readFileSync(`${out}/${path}`, "utf8")).toBe("below\n");
      }
      expect(readlinkSync(`${out}/site/link`)).toBe("index");
      expect(lstatSync(`${out}/site/index`)).toMatchObject({ uid: 0, gid: 0, mode: 0o104751 });
    });

    test(`${name}: -a keeps owners, a link is itself unless -L or a slash follows it`, async () => {
      await cp("-a", inside("/srv/site/index"), at(`${name}-owned`));
      expect(lstatSync(at(`${name}-owned`))).toMatchObject({ uid: 12, gid: 34 });
      await cp(inside("/srv/site/link"), at(`${name}-link`));
      expect(readlinkSync(at(`${name}-link`))).toBe("index");
      await cp("-L", inside("/srv/site/link"), at(`${name}-followed`));
      expect(read(`${name}-followed`)).toBe("index\n");
      await cp(inside("/srv/way/"), at(`${name}-way`));
      expect(read(`${name}-way/index`)).toBe("index\n");
    });

    test(`${name}: no link leads out of the container`, async () => {
      await cp(at("file"), inside("/srv/out/from-the-host"));
      expect(existsSync("/etc/from-the-host")).toBe(false);
      await cp(inside("/etc/from-the-host"), at(`${name}-inside`));
      expect(read(`${name}-inside`)).toBe("file\n");
    });

    test(`${name}: what is in a volume is the volume's`, async () => {
      writeFileSync(at("mine"), name);
      await cp(at("mine"), inside("/data/mine"));
      await cp("runs:/data/mine", at(`${name}-volume`));
      expect(read(`${name}-volume`)).toBe(name);
    });

    test(`${name}: - is an archive on stdout or stdin`, async () => {
      const { stdout } = await box.bunker(["cp", inside("/srv/site"), "-"]);
      expect(stdout).toContain("site/index");
      const { exitCode, stderr } = await box.bunker(["cp", "-", inside("/bin/..")], {
        stdin: stdout,
      });
      expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: "" });
      await cp(inside("/site/index"), at(`${name}-archived`));
      expect(read(`${name}-archived`)).toBe("index\n");
    });
  }

  test("what is written while it does not run is there when it does", async () => {
    chownSync(at("file"), 55, 66);
    await cp(at("file"), "still:/srv/owned");
    await box.text("start", "still");
    expect(await box.text("exec", "still", "stat", "-c", "%u:%g", "/srv/owned")).toBe("55:66");
    await box.text("stop", "-t", "0", "still");
  });

  test("what a container has made of the host's folder leads nowhere", async () => {
    mkdirSync(at("trap"));
    symlinkSync("/etc", at("trap/site"));
    const { exitCode, message } = await box.refusal("cp", "runs:/srv/site", at("trap"));
    expect({ exitCode, message }).toEqual({
      exitCode: 1,
      message: 'cannot overwrite non-directory "site" with directory',
    });
  });

  test("a --read-only container takes files in its volumes alone, running or not", async () => {
    await box.text("create", "--name", "fixed", "--read-only", "-v", "kept:/new/data", IMAGE);
    for (const verb of ["create", "start"]) {
      if (verb === "start") await box.text("start", "fixed");
      const { exitCode, message } = await box.refusal("cp", at("file"), "fixed:/srv");
      expect({ exitCode, message }).toEqual({
        exitCode: 1,
        message: "container rootfs is marked read-only",
      });
      await cp(at("file"), "fixed:/new/data/in");
      await cp("fixed:/new/data/in", at(`fixed-${verb}`));
      expect(read(`fixed-${verb}`)).toBe("file\n");
    }
    await box.text("rm", "-f", "fixed");
    await box.text("create", "--name", "sealed", "-v", "kept:/data:ro", IMAGE);
    const { message } = await box.refusal("cp", at("file"), "sealed:/data");
    expect(message).toBe("mounted volume is marked read-only");
    await box.text("rm", "sealed");
  });

  test("says what cannot be", async () => {
    const cases = [
      [["runs:/nope", "."], "Could not find the file /nope in container runs"],
      [["nope", "runs:/"], `lstat ${box.folder}/nope: no such file or directory`],
      [["runs:/etc/passwd/", "."], 'not a directory: "/etc/passwd/"'],
      [["runs:/etc/passwd", "missing/"], 'no such directory: "missing/"'],
      [["runs:/etc/passwd", "missing/file"], 'no such directory: "missing"'],
      [["runs:/etc", at("file")], `cannot copy a directory to a file: "${at("file")}"`],
      [[at("folder"), "runs:/etc/passwd"], 'cannot copy a directory to a file: "/etc/passwd"'],
      [["-", "runs:/etc/passwd"], 'destination "runs:/etc/passwd" must be a directory'],
      [["a:/b", "c:/d"], "copying between containers is not supported"],
      [["/a", "/b"], "must specify at least one container source"],
      [["nobody:/a", "/b"], "No such container: nobody"],
    ] as const;
    for (const [args, message] of cases) {
      expect(await box.refusal("cp", ...args)).toEqual({ exitCode: 1, message });
    }
  });
});

needsRoot("cp and a user namespace", () => {
  const box = openBox();
  const ok = async (...args: readonly string[]): Promise<string> => {
    const { exitCode, stdout, stderr } = await box.bunker(args);
    expect({ args, exitCode, stderr }).toEqual({ args, exitCode: 0, stderr: "" });
    return stdout.trimEnd();
  };

  test("an owner is who has the number inside, both ways", async () => {
    writeFileSync(box.path("file"), "file\n");
    chownSync(box.path("file"), 5, 6);
    const flags = ["-d", "--name", "mapped", "--userns", "auto", "--rootfs", box.rootfs];
    await ok("run", ...flags, "/bin/sleep", "600");
    await ok("cp", box.path("file"), "mapped:/tmp/in");
    expect(await ok("exec", "mapped", "/bin/stat", "-c", "%u:%g", "/tmp/in")).toBe("5:6");
    await ok("cp", "-a", "mapped:/tmp/in", box.path("out"));
    expect(lstatSync(box.path("out"))).toMatchObject({ uid: 5, gid: 6 });
    await ok("rm", "-f", "mapped");
  });
});
