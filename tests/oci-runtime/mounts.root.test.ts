// The mounts of a config.json as other runtimes make them.

import { expect, test } from "bun:test";
import { chmodSync, mkdirSync, statSync, symlinkSync, writeFileSync } from "node:fs";
import { needsRoot } from "../harness/tier.ts";
import type { Device } from "../../src/oci/spec-linux.ts";
import type { Mount, Spec } from "../../src/oci/spec.ts";
import { openOciBox } from "./oci-box.ts";

needsRoot("oci: the mounts of a config.json", () => {
  const box = openOciBox();
  const { rootfs } = box.box;
  let runs = 0;

  const makeBundle = (script: string, mounts: readonly Mount[], change = (spec: Spec) => spec) =>
    box.bundle(script, (spec) => change({ ...spec, mounts: [...(spec.mounts ?? []), ...mounts] }));

  async function run(
    script: string,
    mounts: readonly Mount[],
    change?: (spec: Spec) => Spec,
    flags: readonly string[] = [],
  ): Promise<string> {
    const bundle = makeBundle(script, mounts, change);
    runs += 1;
    return (await box.ok(["run", ...flags, "--bundle", bundle, `mounts-${runs}`])).trimEnd();
  }

  async function refusal(mounts: readonly Mount[]): Promise<string> {
    const bundle = makeBundle("true", mounts);
    runs += 1;
    return box.refusal(["run", "--bundle", bundle, `mounts-${runs}`]);
  }

  const tmpfs = (destination: string, ...options: string[]): Mount => ({
    destination,
    type: "tmpfs",
    source: "tmpfs",
    options,
  });

  /** The options of a mount, as the container sees it. */
  const optionsOf = (path: string) => `awk '$2 == "${path}" { print $4 }' /proc/mounts | tail -n 1`;

  function folder(name: string): string {
    const path = box.box.path(name);
    mkdirSync(path, { recursive: true });
    writeFileSync(`${path}/file`, "text");
    return path;
  }

  test("a relative source is below the bundle", async () => {
    const mount = { destination: "/bundle", source: ".", options: ["bind"] };
    expect(await run("ls /bundle/config.json", [mount])).toBe("/bundle/config.json");
  });

  test("a bind's flags are those that it names, and its source's where it names none", async () => {
    const source = "/proc";
    const bind = (destination: string, ...options: string[]): Mount => ({
      destination,
      source,
      options: ["bind", ...options],
    });
    const flags = async (...words: string[]) =>
      (
        await run(optionsOf("/b"), [
          tmpfs("/t", "nosuid", "noexec", "mode=755"),
          bind("/b", ...words),
        ])
      )
        .split(",")
        .filter((word) => ["ro", "rw", "nosuid", "nodev", "noexec"].includes(word));
    const own = await flags();
    expect(await flags("ro")).toEqual(["ro"]);
    expect(await flags("nodev")).toEqual(["rw", "nodev"]);
    expect(await flags("rprivate")).toEqual(own);
  });

  test("a target is made where links of the image lead, inside it", async () => {
    symlinkSync("/elsewhere/deep", `${rootfs}/jump`);
    symlinkSync("/jump/name", `${rootfs}/etc/dangling`);
    const source = `${folder("linked")}/file`;
    const mount = { destination: "/etc/dangling", source, options: ["bind"] };
    expect(await run("cat /elsewhere/deep/name", [mount])).toBe("text");
    expect(statSync(`${rootfs}/elsewhere/deep/name`).size).toBe(0);
    expect(() => statSync("/elsewhere")).toThrow();
  });

  test("a tmpfs has the permissions of what it covers, unless it says others", async () => {
    mkdirSync(`${rootfs}/private`);
    chmodSync(`${rootfs}/private`, 0o710);
    const script = "stat -c %a /private /private2 /new";
    symlinkSync("private", `${rootfs}/private2`);
    expect(await run(script, [tmpfs("/private"), tmpfs("/new")])).toBe("710\n777\n1777");
    expect(await run("stat -c %a /private", [tmpfs("/private", "mode=1500")])).toBe("1500");
  });

  test("tmpcopyup brings what the image has there", async () => {
    mkdirSync(`${rootfs}/seed/sub`, { recursive: true });
    chmodSync(`${rootfs}/seed/sub`, 0o777);
    writeFileSync(`${rootfs}/seed/sub/file`, "seed");
    const script = "stat -c %a /seed/sub; cat /seed/sub/file; rm -r /seed/sub; ls /seed";
    expect(await run(script, [tmpfs("/seed", "tmpcopyup")])).toBe("777\nseed");
    expect(statSync(`${rootfs}/seed/sub/file`).size).toBe(4);
  });

  test("a read-only tmpfs and a read-only /dev have all that belongs into them", async () => {
    const change = (spec: Spec): Spec => ({
      ...spec,
      mounts: (spec.mounts ?? []).map((mount) =>
        mount.destination === "/dev"
          ? { ...mount, options: [...(mount.options ?? []), "ro"] }
          : mount,
      ),
    });
    const source = folder("inner");
    const mounts = [tmpfs("/ro", "ro"), { destination: "/ro/in", source, options: ["bind"] }];
    const script = `cat /ro/in/file; touch /ro/x 2>/dev/null || echo -n no; ls /dev/null; ${optionsOf("/dev")}`;
    expect(await run(script, mounts, change)).toMatch(/^textno\/dev\/null\nro,/);
  });

  test("rro is for everything below, ro for the mount alone", async () => {
    const source = "/sys";
    const script = `${optionsOf("/a/fs/cgroup")}; ${optionsOf("/b/fs/cgroup")}`;
    const [plain, recursive] = (
      await run(script, [
        { destination: "/a", source, options: ["rbind", "ro"] },
        { destination: "/b", source, options: ["rbind", "rro"] },
      ])
    ).split("\n");
    expect(plain).toStartWith("rw");
    expect(recursive).toStartWith("ro");
  });

  test("remount changes the flags of what is there", async () => {
    const remount = { destination: "/t", type: "bind", source: "/t", options: ["remount", "ro"] };
    const text = await run(optionsOf("/t"), [tmpfs("/t", "nosuid", "mode=755"), remount]);
    expect(text.split(",").slice(0, 2)).toEqual(["ro", "nosuid"]);
  });

  test("with a /dev of the host's nothing is made in it", async () => {
    const change = (spec: Spec): Spec => ({
      ...spec,
      mounts: (spec.mounts ?? []).filter(
        ({ destination, type }) => type === "bind" || !destination.startsWith("/dev"),
      ),
    });
    const source = folder("dev");
    const mount = { destination: "/dev", type: "bind", source, options: ["bind"] };
    expect(await run("ls /dev", [mount], change)).toBe("file");
  });

  test.each(["shared", "slave", "private", "unbindable"] as const)(
    "a root with propagation %s is that, inside",
    async (rootfsPropagation) => {
      const change = (spec: Spec): Spec => ({
        ...spec,
        linux: { ...spec.linux, rootfsPropagation },
      });
      const words: Readonly<Record<string, RegExp>> = {
        shared: / \/ [^-]*shared:\d+ /,
        slave: / \/ rw[^ ]* - /,
        private: / \/ [^ ]+ - /,
        unbindable: / \/ [^-]*unbindable /,
      };
      const text = await run(
        "grep ' / / ' /proc/self/mountinfo || grep ' / ' /proc/self/mountinfo | head -n 1",
        [],
        change,
      );
      expect(text).toMatch(words[rootfsPropagation] ?? /^$/);
    },
  );

  test("a path is hidden once, however often it is named", async () => {
    mkdirSync(`${rootfs}/secret`);
    const change = (spec: Spec): Spec => ({
      ...spec,
      linux: { ...spec.linux, maskedPaths: ["/secret", "/secret"] },
    });
    expect(await run("grep -c /secret /proc/mounts", [], change)).toBe("1");
  });

  test("--no-pivot leaves no whole /proc of the host's behind", async () => {
    const text = await run("grep -c '^proc /proc' /proc/mounts", [], undefined, ["--no-pivot"]);
    expect(Number(text)).toBeGreaterThan(0);
    const host = "ls /proc/1/root/proc/self 2>/dev/null; cut -d' ' -f 5 /proc/self/mountinfo";
    expect(await run(host, [], undefined, ["--no-pivot"])).not.toContain("/old");
  });

  test("a link of the image's leads no mount into /proc", async () => {
    symlinkSync("/proc/self", `${rootfs}/trap`);
    const source = folder("trap");
    const mount = { destination: "/trap/attr", source, options: ["bind"] };
    expect(await refusal([mount])).toContain(
      '"/trap/attr" cannot be mounted because it is inside /proc',
    );
    expect(await refusal([tmpfs("/trap/task")])).toContain("because it is inside /proc");
  });

  test("a device whose path is a link of the rootfs' changes nothing that the link leads to", async () => {
    const victim = box.box.path("victim");
    writeFileSync(victim, "", { mode: 0o640 });
    const tree = box.box.makeTree();
    symlinkSync(victim, `${tree}/link`);
    const device = { path: "/link", type: "c", major: 1, minor: 3, uid: 1000, gid: 1000 } as const;
    const bundle = box.bundle("true", (spec) => ({
      ...spec,
      root: { path: tree },
      linux: { ...spec.linux, devices: [{ ...device, fileMode: 0o1666 }] },
    }));
    await box.oci(["run", "--bundle", bundle, "linked-device"]);
    const { mode, uid, gid } = statSync(victim);
    expect([mode & 0o7777, uid, gid]).toEqual([0o640, 0, 0]);
  });

  test("a device has the owner and the mode that the spec says, whatever bits are in it", async () => {
    const device = { path: "/dev/nil", type: "c", major: 1, minor: 3 } as const;
    const change = (device: Device) => (spec: Spec) => ({
      ...spec,
      linux: { ...spec.linux, devices: [device] },
    });
    const script = "stat -c '%a %u:%g %t:%T' /dev/nil";
    expect(await run(script, [], change({ ...device, fileMode: 0o5622 }))).toBe("5622 0:0 1:3");
    expect(await run(script, [], change({ ...device, fileMode: 0o620, uid: 5, gid: 6 }))).toBe(
      "620 5:6 1:3",
    );
  });

  test("a /proc that is a link is refused", async () => {
    const tree = box.box.makeTree();
    await Bun.$`rmdir ${tree}/proc && ln -s /tmp ${tree}/proc`.quiet();
    const bundle = box.bundle("true", (spec) => ({ ...spec, root: { path: tree } }));
    expect(await box.refusal(["run", "--bundle", bundle, "linked-proc"])).toContain(
      'error mounting "proc" to rootfs at "/proc": filesystem "proc" must be mounted on ordinary directory',
    );
  });

  test.each([
    [
      { destination: "/x", source: "/nonexistent", options: ["bind"] },
      'error mounting "/nonexistent" to rootfs at "/x"',
    ],
    [{ destination: "/proc/x", type: "tmpfs", source: "tmpfs" }, "because it is inside /proc"],
    [{ destination: "/proc", source: "/tmp", options: ["bind"] }, "because it is not of type proc"],
    [
      { destination: "/x", type: "nosuchfs", source: "none" },
      'error mounting "none" to rootfs at "/x"',
    ],
  ])("refuses %o", async (mount, message) => {
    expect(await refusal([mount])).toContain(message);
  });
});
