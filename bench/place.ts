// Where a bench finds what it runs in.

import { realpathSync } from "node:fs";
import { UserError } from "../src/errors.ts";
import type { BenchOptions } from "./options.ts";

const PROJECT = new URL("..", import.meta.url).pathname;

/** The executable. @throws UserError where there is none */
export function findBunker({ bunker }: BenchOptions): string {
  return findFile(bunker ?? `${PROJECT}dist/bunker`, "build it with ./build.sh");
}

/** The root file system. @throws UserError where there is none */
export function findRootfs({ rootfs }: BenchOptions): string {
  return findFile(rootfs ?? defaultRootfs(), "name another --rootfs");
}

function findFile(path: string, hint: string): string {
  try {
    return realpathSync(path);
  } catch {
    throw new UserError(`"${path}" does not exist`, hint);
  }
}

/** The tests' busybox tree. */
export function defaultRootfs(): string {
  const maker = `${PROJECT}tests/harness/make-rootfs.sh`;
  const { exitCode, stdout, stderr } = Bun.spawnSync([maker, "busybox"]);
  if (exitCode !== 0) throw new UserError(stderr.toString().trim(), "name a --rootfs");
  return stdout.toString().trim();
}
