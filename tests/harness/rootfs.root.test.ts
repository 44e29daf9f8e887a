// The trees that the other root tests stand on.
import { expect, test } from "bun:test";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { RootfsCopy, busyboxRootfs, debianRootfs } from "./rootfs.ts";
import { needsRoot } from "./tier.ts";

const PATH = "/usr/sbin:/usr/bin:/sbin:/bin";

function inside(rootfs: string, ...command: string[]): string {
  const { stdout, stderr } = Bun.spawnSync(["chroot", rootfs, ...command], { env: { PATH } });
  return stdout.toString() + stderr.toString();
}

needsRoot("the test trees", () => {
  test("the busybox tree starts a shell with its applets and knows its users", () => {
    const said = inside(busyboxRootfs(), "/bin/sh", "-c", "id web; ls /; test -x /usr/bin/env");
    expect(said).toStartWith("uid=1000(web) gid=1000(web) groups=1000(web),4(adm),2000(logs)\n");
    expect(said).toContain("\nproc\n");
  });

  test("a copy is written to without the original, and gone at the end of its scope", () => {
    let path = "";
    {
      using copy = new RootfsCopy();
      path = copy.path;
      writeFileSync(`${path}/etc/new`, "text");
      expect(inside(path, "/bin/cat", "/etc/new")).toBe("text");
    }
    expect(existsSync(path)).toBe(false);
    expect(existsSync(`${busyboxRootfs()}/etc/new`)).toBe(false);
  });
});

needsRoot("the Debian tree", () => {
  test("the Debian tree is a Debian with its own C library", () => {
    expect(readFileSync(`${debianRootfs()}/etc/os-release`, "utf8")).toContain("ID=debian");
    expect(inside(debianRootfs(), "/usr/bin/dpkg", "--print-architecture")).not.toBe("");
  }, 300_000);
});
