// The mount table and our own cgroups, as kernels of every kind write them.

import { describe, expect, test } from "bun:test";
import { managerFor } from "../../cgroups/detect.ts";
import { parseCgroupMounts, parseOwnCgroups, pathBelow } from "../../cgroups/mounts.ts";

const HYBRID = `23 1 8:1 / / rw - ext4 /dev/sda1 rw
31 23 0:28 / /sys/fs/cgroup rw,relatime - tmpfs tmpfs rw,mode=755
32 31 0:29 / /sys/fs/cgroup/cpu,cpuacct rw,relatime shared:3 - cgroup cgroup rw,cpu,cpuacct
40 31 0:37 / /sys/fs/cgroup/systemd rw - cgroup cgroup rw,xattr,release_agent=/x,name=systemd
41 31 0:38 / /sys/fs/cgroup/unified rw,relatime - cgroup2 cgroup2 rw,nsdelegate
42 31 0:39 /docker/c\\040d /mnt/a\\040b rw - cgroup cgroup rw,clone_children,memory
43 31 0:39 / /elsewhere/memory rw - cgroup cgroup rw,memory
`;

describe("the mount table", () => {
  test("gives each hierarchy once, with its controllers and without mount options", () => {
    expect(parseCgroupMounts(HYBRID)).toEqual([
      {
        directory: "/sys/fs/cgroup/cpu,cpuacct",
        root: "/",
        unified: false,
        controllers: ["cpu", "cpuacct"],
      },
      {
        directory: "/sys/fs/cgroup/systemd",
        root: "/",
        unified: false,
        controllers: ["name=systemd"],
      },
      { directory: "/sys/fs/cgroup/unified", root: "/", unified: true, controllers: [] },
      { directory: "/mnt/a b", root: "/docker/c d", unified: false, controllers: ["memory"] },
    ]);
  });

  test("passes over mount points that are covered, for one that is in reach", () => {
    const mounts = parseCgroupMounts(HYBRID, (directory) => !directory.startsWith("/mnt"));
    expect(mounts.at(-1)).toMatchObject({ directory: "/elsewhere/memory", root: "/" });
  });

  test.each([
    ["nothing", "", "none"],
    ["a unified hierarchy alone", "1 0 0:1 / /cg rw - cgroup2 c rw", "v2"],
    ["a controller alone", "1 0 0:1 / /cg/pids rw - cgroup c rw,pids", "v1"],
    ["both", HYBRID, "hybrid"],
    [
      "a named hierarchy beside a unified one",
      "1 0 0:1 / /cg/systemd rw - cgroup c rw,name=systemd\n2 0 0:2 / /cg/u rw - cgroup2 c rw",
      "v2",
    ],
    ["a named hierarchy alone", "1 0 0:1 / /cg/systemd rw - cgroup c rw,name=systemd", "none"],
    ["a file system of a similar name", "1 0 0:1 / /cg rw - cgroupfs c rw,pids", "none"],
  ] as const)("with %s makes the host what it is", (_, text, mode) => {
    expect(managerFor(parseCgroupMounts(text)).mode).toBe(mode);
  });
});

describe("our own cgroups", () => {
  test("are found by controller, colons in the path included", () => {
    const own = parseOwnCgroups("4:cpu,cpuacct:/a:b\n1:name=systemd:/s\n0::/user.slice\n");
    expect([...own]).toEqual([
      ["cpu", "/a:b"],
      ["cpuacct", "/a:b"],
      ["name=systemd", "/s"],
      ["", "/user.slice"],
    ]);
  });

  test.each([
    ["/a/b", "/", "/a/b"],
    ["/docker/x/y", "/docker/x", "/y"],
    ["/docker/x", "/docker/x", "/"],
    ["/docker/xyz", "/docker/x", "/"],
    ["/../other", "/", "/"],
  ])("%s seen from a mount of %s is %s", (own, root, seen) => {
    expect(pathBelow(own, root)).toBe(seen);
  });
});
