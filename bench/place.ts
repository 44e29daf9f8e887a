// Where a bench finds what it runs in.

import { UserError } from "../src/errors.ts";

const PROJECT = new URL("..", import.meta.url).pathname;

/** The tests' busybox tree. */
export function defaultRootfs(): string {
  const maker = `${PROJECT}tests/harness/make-rootfs.sh`;
  const { exitCode, stdout, stderr } = Bun.spawnSync([maker, "busybox"]);
  if (exitCode !== 0) throw new UserError(stderr.toString().trim(), "name a --rootfs");
  return stdout.toString().trim();
}
