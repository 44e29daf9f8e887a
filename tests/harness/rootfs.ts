// The root file systems of the tests: made once for each machine, read by all, copied by who writes.

import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";

const MAKER = new URL("make-rootfs.sh", import.meta.url).pathname;

/**
 * The path of a tree with a static busybox, all its applets, and the users root, web (1000, in the
 * groups adm and logs) and nobody. Shared by all tests: it is not to be written to.
 */
export function busyboxRootfs(): string {
  return makeRootfs("busybox");
}

/** The path of this machine's Debian release as `debootstrap --variant=minbase` makes it; shared. */
export function debianRootfs(): string {
  return makeRootfs("debian");
}

const made = new Map<string, string>();

function makeRootfs(kind: "busybox" | "debian"): string {
  const known = made.get(kind);
  if (known !== undefined) return known;
  const { exitCode, stdout, stderr } = Bun.spawnSync([MAKER, kind], { stdin: "ignore" });
  if (exitCode !== 0) throw new Error(`make-rootfs.sh ${kind}: ${stderr.toString().trim()}`);
  const path = stdout.toString().trim();
  made.set(kind, path);
  return path;
}

/** A copy of a root file system that the test may write to, gone at the end of its scope. */
export class RootfsCopy implements Disposable {
  readonly #folder = mkdtempSync(`${tmpdir()}/bunker-rootfs-`);
  readonly path = `${this.#folder}/rootfs`;

  constructor(original: string = busyboxRootfs()) {
    const copy = ["cp", "--archive", "--reflink=auto", original, this.path];
    const { exitCode, stderr } = Bun.spawnSync(copy);
    if (exitCode !== 0) throw new Error(stderr.toString().trim());
  }

  [Symbol.dispose](): void {
    // Security: were something still mounted below, its files would be removed as well.
    rmSync(this.#folder, { recursive: true, force: true });
  }
}
