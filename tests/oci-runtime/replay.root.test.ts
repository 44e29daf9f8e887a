// The third container of the same bundle is made from what the second has left written down. Nobody
// may notice but by the clock.

import { expect, test } from "bun:test";
import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { underTest } from "../harness/bunker.ts";
import { eventually } from "../harness/eventually.ts";
import { needsRoot } from "../harness/tier.ts";
import { cgroupHierarchies } from "../run/box.ts";
import { DETACHED, openOciBox } from "./oci-box.ts";

const ROOT = { uid: 0, gid: 0 };
const isReplayed = underTest() === "binary";
if (!isReplayed) console.warn("skipped: replays: the executable alone does so");

needsRoot("a bundle, the third time", () => {
  const oci = openOciBox();
  const it = test.skipIf(!isReplayed);

  /** The file with what is kept of this bundle, or of these words. */
  function findKept(bundle: string): string | undefined {
    const folder = `${oci.box.runFolder}/scores`;
    const places = readdirSync(folder, { withFileTypes: true });
    // What was seen once is a symlink to nowhere.
    const files = places.filter((place) => place.isFile()).map(({ name }) => `${folder}/${name}`);
    return files.find((file) => {
      const [line = ""] = readFileSync(file, "latin1").split("\n");
      return line.includes(bundle) && line.includes('"launch"');
    });
  }

  /** Whether a launch of this bundle is kept. */
  const isKept = (bundle: string): boolean => findKept(bundle) !== undefined;

  it("run: is the same container, by another id", async () => {
    const look =
      "grep -E '^(Cap|Sec|NoNew|Groups)' /proc/self/status; cut -d' ' -f4- /proc/self/mountinfo; id; env; pwd; hostname; cat /proc/self/limits; ls /dev /proc/self/fd | wc -l";
    const bundle = oci.bundle(look);
    const seen: string[] = [];
    for (let i = 0; i < 3; i++) {
      const text = await oci.ok(["run", "--bundle", bundle, `replayed-${i}`]);
      seen.push(text.replaceAll(`replayed-${i}`, "ID").replaceAll(/shared:\d+|0:\d+/g, "N"));
    }
    expect(isKept(bundle)).toBe(true);
    expect(seen[1]).toBe(seen[0] ?? "");
    expect(seen[2]).toBe(seen[0] ?? "");
  });

  it("create: waits, is known by its pid, runs when it is started, and goes", async () => {
    const mark = oci.box.path("mark");
    const bundle = oci.bundle("echo $$ >> /mark; exec sleep 600", (spec) => ({
      ...spec,
      mounts: [
        ...(spec.mounts ?? []),
        { destination: "/mark", type: "none", source: mark, options: ["bind"] },
      ],
    }));
    const plain = oci.bundle("exec sleep 600");
    writeFileSync(mark, "");
    for (const folder of [bundle, plain]) {
      for (let i = 0; i < 3; i++) {
        const id = `waiting-${i}`;
        const pidFile = oci.box.path("pid");
        await oci.ok(["create", "--bundle", folder, "--pid-file", pidFile, id], DETACHED);
        const { pid, status } = JSON.parse(await oci.ok(["state", id]));
        expect({ pid: String(pid), status }).toEqual({
          pid: readFileSync(pidFile, "utf8"),
          status: "created",
        });
        await oci.ok(["start", id]);
        expect(await oci.status(id)).toBe("running");
        const { exitCode } = await oci.oci(["exec", id, "/bin/true"]);
        expect(exitCode).toBe(0);
        await oci.ok(["delete", "--force", id]);
      }
    }
    expect(isKept(plain)).toBe(true);
    expect(readFileSync(mark, "utf8")).toBe("1\n1\n1\n");
  });

  it("run --detach: is started as well", async () => {
    const bundle = oci.bundle("exec sleep 600");
    for (let i = 0; i < 3; i++) {
      await oci.ok(["run", "--detach", "--bundle", bundle, `detached-${i}`], DETACHED);
      await eventually(async () => (await oci.status(`detached-${i}`)) === "running");
      await oci.ok(["delete", "--force", `detached-${i}`]);
    }
    expect(isKept(bundle)).toBe(true);
  });

  it("is planned anew once its config.json is another one", async () => {
    const bundle = oci.bundle("echo one");
    const run = (i: number) => oci.ok(["run", "--bundle", bundle, `config-${i}`]);
    for (let i = 0; i < 3; i++) expect(await run(i)).toBe("one\n");
    const config = `${bundle}/config.json`;
    writeFileSync(config, readFileSync(config, "utf8").replace("echo one", "echo two"));
    for (let i = 3; i < 7; i++) expect(await run(i)).toBe("two\n");
  });

  it("reads a configuration that comes through a pipe, each time", async () => {
    const bundle = oci.bundle("exit 4");
    const config = readFileSync(`${bundle}/config.json`, "utf8");
    for (const code of [4, 4, 4, 4, 5]) {
      const text = config.replace("exit 4", `exit ${code}`);
      const words = ["run", "--bundle", bundle, "--config", "/dev/stdin", `piped-${code}`];
      const prefix = ["sh", "-c", 'printf %s "$0" | "$@"', text];
      expect((await oci.oci(words, { prefix })).exitCode).toBe(code);
    }
  });

  it("refuses an id that is taken, and goes on with the one that has it", async () => {
    const bundle = oci.bundle("exec sleep 600");
    for (let i = 0; i < 3; i++) {
      await oci.ok(["create", "--bundle", bundle, "taken-id"], DETACHED);
      if (i < 2) await oci.ok(["delete", "--force", "taken-id"]);
    }
    expect(await oci.refusal(["create", "--bundle", bundle, "taken-id"])).toContain(
      "container with given ID already exists",
    );
    expect(await oci.status("taken-id")).toBe("created");
    await oci.ok(["delete", "--force", "taken-id"]);
  });

  it("says that the program is not there any more, and leaves nothing", async () => {
    const program = `${oci.box.rootfs}/bin/gone`;
    writeFileSync(program, "#!/bin/sh\nexit 3\n", { mode: 0o755 });
    const bundle = oci.bundle("", (spec) => ({
      ...spec,
      ...(spec.process && { process: { ...spec.process, args: ["/bin/gone"] } }),
    }));
    for (let i = 0; i < 3; i++) {
      expect((await oci.oci(["run", "--bundle", bundle, `gone-${i}`])).exitCode).toBe(3);
    }
    for (let i = 0; i < 3; i++) {
      await oci.ok(["create", "--bundle", bundle, `gone-c${i}`], DETACHED);
      await oci.ok(["delete", "--force", `gone-c${i}`]);
    }
    expect(isKept(bundle)).toBe(true);
    rmSync(program);
    for (const verb of ["run", "create"]) {
      expect(await oci.refusal([verb, "--bundle", bundle, `gone-x-${verb}`])).toContain(
        'exec: "/bin/gone": stat /bin/gone: no such file or directory',
      );
    }
    expect(await oci.ok(["list", "-q"])).toBe("");
  });

  it("never runs a program whose set-up has failed, though its gate was open", async () => {
    const spot = `${oci.box.rootfs}/spot`;
    const ran = `${oci.box.rootfs}/ran`;
    mkdirSync(spot);
    const bundle = oci.bundle("echo ran >> /ran", (spec) => ({
      ...spec,
      mounts: [
        ...(spec.mounts ?? []),
        { destination: "/spot", type: "tmpfs", source: "tmpfs", options: ["mode=755"] },
      ],
    }));
    const pidFile = oci.box.path("spot-pid");
    const run = (i: number) => ["run", "--bundle", bundle, "--pid-file", pidFile, `spot-${i}`];
    for (let i = 0; i < 3; i++) await oci.ok(run(i));
    expect(isKept(bundle)).toBe(true);
    rmSync(spot, { recursive: true });
    rmSync(pidFile);
    writeFileSync(spot, "a file, where there was a folder");
    expect(await oci.refusal(run(3))).toContain("spot");
    expect(readFileSync(ran, "utf8")).toBe("ran\n".repeat(3));
    expect(existsSync(pidFile)).toBe(false);
    expect(await oci.ok(["list", "-q"])).toBe("");
    rmSync(spot);
    rmSync(ran);
  });

  it("is not put below a cgroup that is frozen", async () => {
    const switches = cgroupHierarchies().flatMap((path) => [
      { file: `${path}${oci.cgroup}/freezer.state`, on: "FROZEN", off: "THAWED" },
      { file: `${path}${oci.cgroup}/cgroup.freeze`, on: "1", off: "0" },
    ]);
    const bundle = oci.bundle("true", (spec) => ({
      ...spec,
      linux: { ...spec.linux, cgroupsPath: `${oci.cgroup}/frozen-one` },
    }));
    for (let i = 0; i < 3; i++) await oci.ok(["run", "--bundle", bundle, `frozen-${i}`]);
    expect(isKept(bundle)).toBe(true);
    const freezer = switches.find(({ file }) => existsSync(file));
    if (freezer === undefined) return;
    writeFileSync(freezer.file, freezer.on);
    try {
      const { exitCode } = await oci.oci(["run", "--bundle", bundle, "frozen-x"]);
      expect(exitCode).toBe(1);
    } finally {
      writeFileSync(freezer.file, freezer.off);
    }
  });

  it("exec: is the same process, ends as its program does, and says what is wrong", async () => {
    await oci.start("exec-home", "exec sleep 600");
    const exec = (...words: string[]) => oci.oci(["exec", ...words]);
    const look =
      "grep -E '^(Cap|Sec|NoNew|Groups)' /proc/self/status; id; env; pwd; cat /proc/self/cgroup; cat /proc/self/limits; ls /proc/self/fd | wc -l";
    const seen: string[] = [];
    for (let i = 0; i < 4; i++) {
      const { exitCode, stdout } = await exec("-e", "A=b", "exec-home", "/bin/sh", "-c", look);
      expect(exitCode).toBe(0);
      seen.push(stdout);
      expect((await exec("exec-home", "/bin/sh", "-c", "exit 42")).exitCode).toBe(42);
      expect((await exec("exec-home", "/bin/sh", "-c", "kill -9 $$")).exitCode).toBe(137);
    }
    expect(isKept("exit 42")).toBe(true);
    expect(new Set(seen).size).toBe(1);
    // As containerd does it: by a file, each time of another name.
    const versions = new Set<number>();
    for (let i = 0; i < 4; i++) {
      const file = oci.box.path(`process-${i}`);
      const text = JSON.stringify({ args: ["/bin/sh", "-c", "exit 21"], cwd: "/", user: ROOT });
      writeFileSync(file, text);
      expect((await exec("--process", file, "exec-home")).exitCode).toBe(21);
      rmSync(file);
      const kept = findKept("exit 21");
      if (kept !== undefined) versions.add(statSync(kept).ino);
    }
    // Written down once, and performed from there since.
    expect(versions.size).toBe(1);
    // As runc's tests do it: by a pipe, which says it once.
    for (const code of [31, 31, 31, 31, 32]) {
      const script = `exit ${code}`;
      const text = JSON.stringify({ args: ["/bin/sh", "-c", script], cwd: "/", user: ROOT });
      const { exitCode } = await oci.oci(["exec", "--process", "/dev/stdin", "exec-home"], {
        prefix: ["sh", "-c", 'printf %s "$0" | "$@"', text],
      });
      expect(exitCode).toBe(code);
    }
    const program = `${oci.box.rootfs}/bin/check`;
    writeFileSync(program, "#!/bin/sh\nexit 3\n", { mode: 0o755 });
    for (let i = 0; i < 3; i++) expect((await exec("exec-home", "/bin/check")).exitCode).toBe(3);
    rmSync(program);
    const { exitCode, stderr } = await exec("exec-home", "/bin/check");
    expect(exitCode).toBe(255);
    expect(stderr).toContain("stat /bin/check: no such file or directory");
    await oci.ok(["delete", "--force", "exec-home"]);
    // Another container of the same name is another one.
    await oci.start("exec-home", "exec sleep 600");
    expect((await exec("exec-home", "/bin/sh", "-c", "exit 42")).exitCode).toBe(42);
    await oci.ok(["delete", "--force", "exec-home"]);
    expect((await exec("exec-home", "/bin/sh", "-c", "exit 42")).exitCode).toBe(255);
  });
});
