// Containers in user namespaces, made and joined, and mounts that show other ids than the disk has.

import { expect, test } from "bun:test";
import { chmodSync, chownSync, mkdirSync, symlinkSync, writeFileSync } from "node:fs";
import { needsRoot } from "../harness/tier.ts";
import type { Mount, Namespace, Spec } from "../../src/oci/spec.ts";
import { DETACHED, openOciBox } from "./oci-box.ts";

const IDS = [{ containerID: 0, hostID: 100000, size: 65536 }];

function inUserNamespace(spec: Spec): Spec {
  return {
    ...spec,
    linux: {
      ...spec.linux,
      namespaces: [...(spec.linux?.namespaces ?? []), { type: "user" }],
      uidMappings: IDS,
      gidMappings: IDS,
    },
  };
}

const withMounts =
  (...mounts: Mount[]) =>
  (spec: Spec): Spec => ({ ...spec, mounts: [...(spec.mounts ?? []), ...mounts] });

needsRoot("oci: a user namespace", () => {
  const box = openOciBox();
  let runs = 0;
  // The root of a user namespace may not make any in a tree of the host's root.
  const TARGETS = ["data/in", "first", "second", "third", "in", "mapped", "a", "b"];
  for (const target of TARGETS) mkdirSync(`${box.box.rootfs}/${target}`, { recursive: true });

  async function run(script: string, ...changes: ((spec: Spec) => Spec)[]): Promise<string> {
    const bundle = box.bundle(script, (spec) =>
      changes.reduce((made, change) => change(made), spec),
    );
    runs += 1;
    return (await box.ok(["run", "--bundle", bundle, `user-${runs}`])).trimEnd();
  }

  /** A folder that is closed to everybody but its owner, with a file of uid 1 in it. */
  function closedFolder(name: string): string {
    const folder = box.box.path(name);
    mkdirSync(`${folder}/dir`, { recursive: true });
    writeFileSync(`${folder}/dir/file`, "text");
    chownSync(`${folder}/dir/file`, 1, 2);
    chmodSync(folder, 0o700);
    return folder;
  }

  test("has the ids of its mappings, and nobody else's", async () => {
    const text = await run("id -u; cat /proc/self/uid_map; stat -c %u /", inUserNamespace);
    expect(text.split(/\s+/)).toEqual(["0", "0", "100000", "65536", "65534"]);
  });

  test("has a /dev, a /proc, its cgroups and hidden paths, as any container has", async () => {
    const text = await run(
      "echo x > /dev/null; ls /dev/pts/ptmx; cat /proc/keys; ls -d /sys/fs/cgroup/*/tasks /sys/fs/cgroup/cgroup.procs 2>/dev/null | head -n 1",
      inUserNamespace,
    );
    expect(text).toMatch(/^\/dev\/pts\/ptmx\n\/sys\/fs\/cgroup\//);
  });

  test("binds from folders that are closed to its root", async () => {
    const source = `${closedFolder("closed")}/dir`;
    const mount = withMounts({ destination: "/data/in", source, options: ["bind", "ro"] });
    expect(
      await run("cat /data/in/file; touch /data/in/x 2>&1; true", inUserNamespace, mount),
    ).toBe("texttouch: /data/in/x: Read-only file system");
  });

  test("says why it cannot make the target of a mount", async () => {
    const target = { destination: "/none", source: "/srv", options: ["bind"] };
    const bundle = box.bundle("true", (spec) => inUserNamespace(withMounts(target)(spec)));
    expect(await box.refusal(["run", "--bundle", bundle, "none"])).toEndWith(
      'error mounting "/srv" to rootfs at "/none": mkdirat /none: EACCES (permission denied) [0755]',
    );
  });

  test("binds what earlier mounts have made, by their path on the host", async () => {
    const source = `${closedFolder("order")}/dir`;
    const { rootfs } = box.box;
    const mounts = withMounts(
      { destination: "/first", source, options: ["bind"] },
      { destination: "/second", source: `${rootfs}/first`, options: ["rbind"] },
      { destination: `${rootfs}/third`, source: `${rootfs}/second`, options: ["rbind"] },
    );
    expect(await run("cat /third/file", inUserNamespace, mounts)).toBe("text");
  });

  test("has devices of its own, with the owners and permissions that are asked for", async () => {
    const devices = (spec: Spec): Spec => ({
      ...spec,
      linux: {
        ...spec.linux,
        devices: [
          { path: "/dev/own", type: "c", major: 1, minor: 3, fileMode: 0o642, uid: 10, gid: 11 },
        ],
      },
    });
    const script = "stat -c '%F %a %u:%g' /dev/own; echo x > /dev/own; stat -c %F /dev/null";
    expect((await run(script, inUserNamespace, devices)).split("\n")).toEqual([
      "character special file 642 10:11",
      "character special file",
    ]);
  });

  test("has a tmpfs with what the image has, whosever that is", async () => {
    const seed = `${box.box.rootfs}/seed`;
    mkdirSync(seed);
    writeFileSync(`${seed}/mine`, "mine");
    writeFileSync(`${seed}/theirs`, "theirs");
    for (const path of [seed, `${seed}/mine`]) chownSync(path, 100007, 100008);
    const copied = { destination: "/seed", type: "tmpfs", source: "tmpfs", options: ["tmpcopyup"] };
    const text = await run(
      "stat -c %u:%g /seed /seed/mine /seed/theirs; cat /seed/mine /seed/theirs",
      inUserNamespace,
      withMounts(copied),
    );
    expect(text).toBe("7:8\n7:8\n65534:65534\nminetheirs");
  });

  test("without mappings its root is who made it, and there is nobody else", async () => {
    const plain = (spec: Spec): Spec => ({
      ...spec,
      mounts: (spec.mounts ?? []).filter(({ type }) => type !== "devpts"),
      linux: {
        ...spec.linux,
        namespaces: [...(spec.linux?.namespaces ?? []), { type: "user" }],
      },
    });
    const text = await run("cat /proc/self/uid_map; stat -c %u /home/web", plain);
    expect(text.split(/\s+/).filter((word) => word !== "")).toEqual(["0", "0", "1", "65534"]);
  });

  test("has offsets of its clocks", async () => {
    const times = (spec: Spec): Spec => ({
      ...spec,
      linux: {
        ...spec.linux,
        namespaces: [...(spec.linux?.namespaces ?? []), { type: "time" }],
        timeOffsets: { monotonic: { secs: 7881, nanosecs: 2718281 }, boottime: { secs: 1337 } },
      },
    });
    const text = await run("cat /proc/self/timens_offsets", inUserNamespace, times);
    expect(text.split(/\s+/)).toEqual(["monotonic", "7881", "2718281", "boottime", "1337", "0"]);
  });

  test("shares the host's network with the host's /sys", async () => {
    const sharesNetwork = (spec: Spec): Spec => ({
      ...spec,
      linux: {
        ...spec.linux,
        namespaces: (spec.linux?.namespaces ?? []).filter(({ type }) => type !== "network"),
      },
    });
    const text = await run(
      "ls -d /sys/class; touch /sys/x 2>&1; true",
      inUserNamespace,
      sharesNetwork,
    );
    expect(text).toStartWith("/sys/class\ntouch: /sys/x: ");
  });

  test("is joined with all other namespaces of a container", async () => {
    const cgroups = { linux: { cgroupsPath: `${box.cgroup}/target` } };
    const bundle = box.bundle("exec sleep 600", (spec) =>
      inUserNamespace({ ...spec, linux: { ...spec.linux, ...cgroups.linux } }),
    );
    await box.ok(["run", "-d", "--bundle", bundle, "target"], DETACHED);
    const { pid } = JSON.parse(await box.ok(["state", "target"]));
    const files: Readonly<Record<string, string>> = { network: "net", mount: "mnt" };
    const joins = (spec: Spec): Spec => ({
      ...spec,
      linux: {
        ...spec.linux,
        namespaces: [...(spec.linux?.namespaces ?? []), { type: "user" } as Namespace].map(
          ({ type }) =>
            type === "mount" ? { type } : { type, path: `/proc/${pid}/ns/${files[type] ?? type}` },
        ),
      },
    });
    const source = `${closedFolder("joined")}/dir`;
    const mount = withMounts({ destination: "/in", source, options: ["bind", "idmap"] });
    const text = await run("cat /proc/1/cmdline; stat -c ' %u:%g' /in/file", joins, mount);
    expect(text).toEndWith("sleep\x00600\x00 1:2");
    await box.ok(["delete", "-f", "target"]);
  });

  const mapped = (more: Partial<Mount>): Mount => ({
    destination: "/mapped",
    source: "",
    options: ["bind"],
    ...more,
  });

  test("id-mapped mounts show the ids that their mappings say", async () => {
    const folder = `${closedFolder("mapped")}/dir`;
    symlinkSync(folder, box.box.path("link"));
    const uidMappings = [{ containerID: 1, hostID: 100010, size: 1 }];
    const gidMappings = [{ containerID: 2, hostID: 100020, size: 1 }];
    const mount = mapped({ source: box.box.path("link"), uidMappings, gidMappings });
    const show = "stat -c %u:%g /mapped/file";
    expect(await run(show, withMounts(mount))).toBe("100010:100020");
    expect(await run(show, inUserNamespace, withMounts(mount))).toBe("10:20");
  });

  test("idmap without mappings shows the ids of the disk as those of the container", async () => {
    const source = `${closedFolder("own")}/dir`;
    const mount = mapped({ source, options: ["bind", "idmap"] });
    expect(await run("stat -c %u:%g /mapped/file", inUserNamespace, withMounts(mount))).toBe("1:2");
  });

  test("two mounts of one folder may show different ids", async () => {
    const source = `${closedFolder("twice")}/dir`;
    const to = (hostID: number) => [{ containerID: 0, hostID, size: 10 }];
    const text = await run(
      "stat -c %u:%g /a/file /b/file",
      withMounts(
        mapped({ destination: "/a", source, uidMappings: to(1000), gidMappings: to(2000) }),
        mapped({ destination: "/b", source, uidMappings: to(3000), gidMappings: to(4000) }),
      ),
    );
    expect(text).toBe("1001:2002\n3001:4002");
  });
});
