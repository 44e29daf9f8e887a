import { describe, expect, test } from "bun:test";
import { readDevices, readHostDevices } from "../../src/engine/device-nodes.ts";

describe("readDevices", () => {
  test("reads type, numbers and mode of a node", () => {
    const [node] = readDevices("/dev/null");
    expect(node).toMatchObject({ path: "/dev/null", type: "c", major: 1, minor: 3 });
    expect((node?.mode ?? 0) & 0o666).toBe(0o666);
  });
  test("follows a symbolic link to the node", () => {
    expect(readDevices("/proc/self/root/dev/zero")[0]?.minor).toBe(5);
  });
  test("finds nothing at a file, in an empty place, or at a missing path", () => {
    expect(readDevices("/etc/passwd")).toEqual([]);
    expect(readDevices("/no/such/device")).toEqual([]);
  });
  test("finds the nodes below a folder, and says which folder it was", () => {
    const node = readDevices("/dev").find(({ path }) => path === "/dev/null");
    expect(node).toMatchObject({ folder: "/dev", major: 1, minor: 3 });
  });
});

test("readHostDevices leaves out what a container has of its own", () => {
  const paths = readHostDevices().map(({ path }) => path);
  expect(paths).toContain("/dev/null");
  expect(paths.filter((path) => /^\/dev\/(pts|shm|mqueue|fd|console)(\/|$)/.test(path))).toEqual(
    [],
  );
});
