import { describe, expect, test } from "bun:test";
import { haveUserNamespaces, inNamespaces } from "./child.ts";

const inMounts = (name: string) => inNamespaces("mounts", name);

describe.skipIf(!haveUserNamespaces())("mounts", () => {
  test("mount mounts a tmpfs with the flags it was given", () => {
    expect(inMounts("mount")).toStartWith("rw,nosuid,nodev");
  });

  test("mount refuses a missing target with ENOENT and an unknown type with ENODEV", () => {
    expect(inMounts("mount-missing")).toEqual(["mount ENOENT", "mount ENODEV"]);
  });

  test("umount2 takes a bind mount off", () => {
    expect(inMounts("umount2")).toEqual([true, false]);
  });

  test("umount2 refuses a folder that is no mount with EINVAL", () => {
    expect(inMounts("umount2-folder")).toBe("umount2 EINVAL");
  });

  test("open_tree clones a tree and move_mount attaches it", () => {
    expect(inMounts("open_tree")).toBe("text");
  });

  test("open_tree refuses a missing path, move_mount a folder that is no mount", () => {
    expect(inMounts("open_tree-missing")).toEqual(["open_tree ENOENT", "move_mount EINVAL"]);
  });

  test("mount_setattr makes one mount read-only and writable again, and no other", () => {
    expect(inMounts("mount_setattr")).toEqual(["EROFS", "written", "written"]);
  });

  test("mount_setattr refuses a folder that is no mount with EINVAL", () => {
    expect(inMounts("mount_setattr-folder")).toBe("mount_setattr EINVAL");
  });

  test("fsopen, fsconfig and fsmount make a mount with its attributes", () => {
    expect(inMounts("fsmount")).toStartWith("rw,noexec");
  });

  test("fsopen refuses an unknown type with ENODEV", () => {
    expect(inMounts("fsopen-type")).toBe("fsopen ENODEV");
  });

  test("fsconfig refuses a bad option with EINVAL and hands on the kernel's own words", () => {
    const detail = "FSCONFIG_SET_STRING, size=lots, tmpfs: Bad value for 'size'";
    expect(inMounts("fsconfig-option")).toEqual(["fsconfig EINVAL", detail]);
  });

  test("fsmount refuses a context without a superblock with EINVAL", () => {
    expect(inMounts("fsmount-early")).toBe("fsmount EINVAL");
  });

  test("fspick reconfigures a mounted file system", () => {
    expect(inMounts("fspick")).toBe("EROFS");
  });

  test("fspick refuses a folder that is no mount with EINVAL", () => {
    expect(inMounts("fspick-folder")).toBe("fspick EINVAL");
  });
});
