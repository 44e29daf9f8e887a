// The default config.json: scripts edit it by position, so its layout is a promise.
import { describe, expect, test } from "bun:test";
import { readFileSync, writeFileSync } from "node:fs";
import { makeDefaultSpec, writeDefaultSpec } from "../../../src/engine/oci/spec.ts";
import { parseSpecText } from "../../../src/oci/parse.ts";
import { TemporaryFolder } from "../../ffi/folder.ts";

describe("the default spec", () => {
  const root = makeDefaultSpec({ cgroupNamespace: false });
  const rootless = makeDefaultSpec({ cgroupNamespace: true, rootless: { uid: 1000, gid: 100 } });

  test("has its mounts in runc's order", () => {
    expect(root.mounts?.map((mount) => mount.destination)).toEqual([
      "/proc",
      "/dev",
      "/dev/pts",
      "/dev/shm",
      "/dev/mqueue",
      "/sys",
      "/sys/fs/cgroup",
    ]);
  });

  test("makes five namespaces, and one of cgroups where they are one hierarchy", () => {
    const types = (spec: typeof root) => spec.linux?.namespaces?.map(({ type }) => type).join(" ");
    expect(types(root)).toBe("pid network ipc uts mount");
    expect(types(makeDefaultSpec({ cgroupNamespace: true }))).toBe(
      "pid network ipc uts mount cgroup",
    );
  });

  test("asks for nothing that a user without privileges cannot have", () => {
    expect(rootless.linux?.namespaces?.map(({ type }) => type)).not.toContain("network");
    expect(rootless.linux?.uidMappings).toEqual([{ containerID: 0, hostID: 1000, size: 1 }]);
    expect(rootless.linux?.gidMappings).toEqual([{ containerID: 0, hostID: 100, size: 1 }]);
    expect(rootless.linux?.resources).toBeUndefined();
    expect(JSON.stringify(rootless.mounts)).not.toContain("gid=");
    expect(rootless.mounts?.[5]).toMatchObject({ destination: "/sys", type: "none" });
  });

  test.each([
    ["root's", root],
    ["a user's", rootless],
  ])("is valid: %s", (_, spec) => {
    expect(parseSpecText(JSON.stringify(spec))).toEqual(spec);
  });

  test("is written once, and never over another", () => {
    using folder = new TemporaryFolder();
    writeDefaultSpec(folder.path, false);
    const text = readFileSync(`${folder.path}/config.json`, "utf8");
    expect(text).toStartWith(
      '{\n\t"ociVersion": "1.2.0",\n\t"process": {\n\t\t"terminal": true,\n',
    );
    writeFileSync(`${folder.path}/config.json`, "mine");
    expect(() => writeDefaultSpec(folder.path, false)).toThrow(
      "File config.json exists. Remove it first",
    );
    expect(readFileSync(`${folder.path}/config.json`, "utf8")).toBe("mine");
  });
});
