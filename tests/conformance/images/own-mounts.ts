// A script's own mount namespace, in which podman and buildah have empty stores: what they make is
// below mounts that end with the script.
import { spawnSync } from "node:child_process";
import { mkdirSync } from "node:fs";

const PLACES = ["/var/lib/containers", "/run/containers", "/run/libpod", "/run/crun"];
const MARK = "--inside";

/** Whether this program was started again by runInOwnMounts(). */
export const isInOwnMounts = (): boolean => process.argv[2] === MARK;

/** Starts a script again and ends as it does. */
export function runInOwnMounts(script: string): void {
  for (const place of PLACES) mkdirSync(place, { recursive: true });
  const mounts = PLACES.map((place) => `mount -t tmpfs tmpfs ${place}`).join(" && ");
  const again = ["sh", "-c", `${mounts} && exec "$@"`, "sh", process.execPath, script, MARK];
  const command = ["--mount", "--propagation", "private", ...again];
  const env = { ...process.env, STORAGE_DRIVER: "overlay" };
  const { status } = spawnSync("unshare", command, { stdio: "inherit", env });
  process.exitCode = status ?? 1;
}
