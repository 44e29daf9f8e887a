// The image that the tools hand around: two layers with all that makes unpacking hard, as an OCI
// layout made by umoci from GNU tar's archives.
import {
  chmodSync,
  chownSync,
  cpSync,
  lchownSync,
  linkSync,
  mkdirSync,
  symlinkSync,
  truncateSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { run } from "./tools.ts";

/** An old and odd moment, in seconds. */
const OLD = 1_000_000_007;

export interface SourceImage {
  /** The OCI layout. */
  readonly layout: string;
  readonly tag: string;
}

/**
 * Makes an image in an OCI layout.
 * @param busybox a tree with the programs that the image is to have
 * @param stamp makes its layers differ from those of other images
 */
export function makeSource(
  folder: string,
  busybox: string,
  tag: string,
  stamp: string,
): SourceImage {
  const layout = `${folder}/layout-${tag}`;
  run("umoci", "init", "--layout", layout);
  run("umoci", "new", "--image", `${layout}:${tag}`);
  for (const [index, fill] of [fillFirst, fillSecond].entries()) {
    const tree = `${folder}/tree-${tag}-${index}`;
    mkdirSync(tree);
    if (index === 0) cpSync(busybox, tree, { recursive: true, verbatimSymlinks: true });
    fill(tree, stamp);
    const archive = `${tree}.tar`;
    // No --sparse: what podman unpacks of that, it cannot push any more.
    const flags = ["--format=pax", "--xattrs", "--xattrs-include=*", "--sort=name"];
    run("tar", ...flags, "--numeric-owner", "-cf", archive, "-C", tree, ".");
    run("umoci", "raw", "add-layer", "--image", `${layout}:${tag}`, archive);
  }
  run(
    "umoci",
    "config",
    "--image",
    `${layout}:${tag}`,
    "--config.cmd",
    "/bin/sh",
    "--config.env",
    "A=b c",
  );
  return { layout, tag };
}

function fillFirst(tree: string, stamp: string): void {
  const file = (path: string, text: string, mode = 0o644): string => {
    writeFileSync(`${tree}/${path}`, text);
    chmodSync(`${tree}/${path}`, mode);
    return `${tree}/${path}`;
  };
  for (const name of ["special", "gone", "opaque", "replaced", "private", "sticky"])
    mkdirSync(`${tree}/${name}`);
  file("stamp", stamp);
  file("special/suid", "x", 0o4755);
  file("special/sgid", "x", 0o2755);
  file("special/none", "", 0o000);
  chownSync(file("special/owned", "x", 0o640), 1234, 5678);
  chmodSync(`${tree}/private`, 0o700);
  chmodSync(`${tree}/sticky`, 0o1777);
  chownSync(`${tree}/private`, 1000, 1000);
  run("mknod", `${tree}/special/null`, "c", "1", "3");
  run("mknod", `${tree}/special/loop`, "b", "7", "0");
  run("mkfifo", `${tree}/special/fifo`);
  const target = file("special/first", "linked");
  linkSync(target, `${tree}/special/second`);
  linkSync(target, `${tree}/gone/third`);
  symlinkSync("first", `${tree}/special/relative`);
  symlinkSync("/etc/passwd", `${tree}/special/absolute`);
  symlinkSync("../../../nowhere", `${tree}/special/dangling`);
  lchownSync(`${tree}/special/relative`, 7, 8);
  run("setcap", "cap_net_raw+ep", file("special/capable", "x", 0o755));
  run("setfattr", "-n", "user.note", "-v", "kept", file("special/noted", "x"));
  truncateSync(file("special/sparse", "start"), 8 << 20);
  const long = "n".repeat(200);
  mkdirSync(`${tree}/special/${long}`);
  file(`special/${long}/${long}`, "deep");
  file("special/grüße ☃", "utf-8");
  utimesSync(file("special/old", "x"), OLD, OLD);
  file("gone/file", "x");
  file("opaque/below", "x");
  file("replaced/inside", "x");
}

function fillSecond(tree: string, stamp: string): void {
  for (const name of ["gone", "opaque", "special"]) mkdirSync(`${tree}/${name}`);
  writeFileSync(`${tree}/gone/.wh.file`, "");
  writeFileSync(`${tree}/opaque/.wh..wh..opq`, "");
  writeFileSync(`${tree}/opaque/above`, stamp);
  writeFileSync(`${tree}/replaced`, "a file now");
  writeFileSync(`${tree}/special/owned`, "changed");
  chmodSync(`${tree}/special/owned`, 0o600);
  utimesSync(`${tree}/special`, OLD, OLD);
}
