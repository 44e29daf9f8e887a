// A block device for tests: a file behind a loop device, until the tests of a file are over.

import { afterAll } from "bun:test";
import { writeFileSync } from "node:fs";

export interface Disk {
  readonly path: string;
  readonly major: number;
  readonly minor: number;
}

const LOOP_MAJOR = 7;

const fillWithText = (image: string): void => writeFileSync(image, "disk".repeat(1024));

/** An empty file system. */
export function formatExt4(image: string): void {
  const make = 'truncate -s 16M "$0" && mkfs.ext4 -q "$0"';
  const { exitCode, stderr } = Bun.spawnSync(["/bin/sh", "-c", make, image]);
  if (exitCode !== 0) throw new Error(`cannot make a file system: ${stderr.toString()}`);
}

/**
 * A disk of this host with an image in `folder`; undefined, with the reason printed, without loop.
 * @param fill makes the image
 */
export function attachDisk(folder: string, fill = fillWithText): Disk | undefined {
  const image = `${folder}/disk`;
  fill(image);
  // A module on some kernels; without modprobe it is there or it is not.
  const attach = 'modprobe -q loop; losetup --find --show "$0"';
  const { exitCode, stdout } = Bun.spawnSync(["/bin/sh", "-c", attach, image]);
  if (exitCode !== 0) {
    console.warn("skipped: disks in a container: no loop device");
    return undefined;
  }
  const path = stdout.toString().trim();
  afterAll(() => void Bun.spawnSync(["losetup", "--detach", path]));
  return { path, major: LOOP_MAJOR, minor: Number(path.slice("/dev/loop".length)) };
}
