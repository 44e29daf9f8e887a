// Where a cgroupsPath leads, and that it leads nowhere else.

import { describe, expect, test } from "bun:test";
import { cgroupDirectory, parseCgroupsPath } from "../../cgroups/paths.ts";
import { expectRefusal } from "./refused.ts";

const NESTED = { directory: "/cg/memory", controllers: ["memory"], own: "/user/me" };
const AT_ROOT = { ...NESTED, own: "/" };

describe("cgroupsPath", () => {
  test.each([
    ["/web", "/cg/memory/web", "/cg/memory/web"],
    ["web", "/cg/memory/user/me/web", "/cg/memory/web"],
    ["//a/./b/", "/cg/memory/a/b", "/cg/memory/a/b"],
    ["/../../etc/a", "/cg/memory/etc/a", "/cg/memory/etc/a"],
    ["../../../a", "/cg/memory/user/me/a", "/cg/memory/a"],
    ["/a/../b", "/cg/memory/b", "/cg/memory/b"],
    ["a..b", "/cg/memory/user/me/a..b", "/cg/memory/a..b"],
  ])("%s stays below the hierarchy: %s", (path, nested, atRoot) => {
    expect(cgroupDirectory(NESTED, parseCgroupsPath(path))).toBe(nested);
    expect(cgroupDirectory(AT_ROOT, parseCgroupsPath(path))).toBe(atRoot);
  });

  test.each([
    ["", 'cgroupsPath must name a cgroup: got ""'],
    ["/", 'cgroupsPath must name a cgroup: got "/"'],
    ["/..", 'cgroupsPath must name a cgroup: got "/.."'],
    ["a/..", 'cgroupsPath must name a cgroup: got "a/.."'],
    ["/a\nb", String.raw`cgroupsPath must have no control characters: got "/a\nb"`],
    ["/a\0b", String.raw`cgroupsPath must have no control characters: got "/a\u0000b"`],
  ])("%j is refused", (path, message) => {
    expectRefusal(() => parseCgroupsPath(path), message);
  });
});
