// Where a path of a container ends, whatever links the image has.

import { afterAll, describe, expect, test } from "bun:test";
import {
  chmodSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readlinkSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { copyTree } from "../../src/container/copy-tree.ts";
import { findTarget, makeRootfsHands } from "../../src/container/rootfs-hands.ts";

const root = mkdtempSync(`${tmpdir()}/bunker-hands-`);
afterAll(() => rmSync(root, { recursive: true }));

mkdirSync(`${root}/etc`);
mkdirSync(`${root}/var/log`, { recursive: true });
const links: readonly [path: string, target: string][] = [
  ["jump", "/tmp/foo/bar"],
  ["etc/hosts", "/jump/baz/hosts"],
  ["up", "../../../etc"],
  ["var/relative", "log/../log"],
  ["round", "/round"],
];
for (const [path, target] of links) symlinkSync(target, `${root}/${path}`);

describe("findTarget", () => {
  test.each([
    ["/", "/"],
    ["/etc//./x", "/etc/x"],
    ["/etc/hosts", "/tmp/foo/bar/baz/hosts"],
    ["/up/passwd", "/etc/passwd"],
    ["/var/relative/a", "/var/log/a"],
    ["/missing/../etc", "/etc"],
    ["/../../..", "/"],
  ])("%s ends at %s", (path, target) => {
    expect(findTarget(root, path)).toBe(target);
  });

  test("does not go round for ever", () => {
    expect(findTarget(root, "/round/x")).toBe("/round/x");
  });
});

describe("the hands of a rootfs", () => {
  test("tell the permissions of a folder, and of nothing else", () => {
    chmodSync(`${root}/var`, 0o1711);
    const { folderMode } = makeRootfsHands(root);
    expect(folderMode("/var")).toBe(0o1711);
    expect(folderMode("/up")).toBe(0o755);
    expect(folderMode("/etc/hosts")).toBeUndefined();
    expect(folderMode("/missing")).toBeUndefined();
  });

  test("copy a folder with its links and permissions", () => {
    writeFileSync(`${root}/var/log/a`, "text", { mode: 0o4711 });
    chmodSync(`${root}/var/log/a`, 0o4711);
    const copy = `${root}/copy`;
    mkdirSync(copy);
    copyTree(`${root}/var`, copy);
    expect(readFileSync(`${copy}/log/a`, "utf8")).toBe("text");
    expect(lstatSync(`${copy}/log/a`).mode & 0o7777).toBe(0o4711);
    expect(lstatSync(copy).mode & 0o7777).toBe(0o1711);
    expect(readlinkSync(`${copy}/relative`)).toBe("log/../log");
  });

  test("copy nothing where there is no folder", () => {
    const { copyUp } = makeRootfsHands(root, copyTree);
    const empty = `${root}/empty`;
    mkdirSync(empty);
    copyUp("/missing", empty);
    expect(lstatSync(empty).isDirectory()).toBe(true);
  });
});
