// Gives a user namespace its ids. user_namespaces(7)

import { P_PID, W } from "../../ffi/constants.ts";
import { writeText } from "../../ffi/files.ts";
import { geteuid } from "../../ffi/identity.ts";
import { posix_spawn } from "../../ffi/spawn.ts";
import { waitid } from "../../ffi/wait.ts";
import { UserError } from "../errors.ts";
import type { IdMapping } from "../oci/spec.ts";
import { formatIdMap } from "./launch.ts";

/**
 * Writes one of the maps of a process. Without root, newuidmap(1) and newgidmap(1) write what
 * /etc/subuid and /etc/subgid allow.
 * @throws SyscallError, UserError
 */
export function writeIdMap(pid: number, kind: "uid" | "gid", mappings: readonly IdMapping[]): void {
  if (geteuid() === 0) {
    writeText(`/proc/${pid}/${kind}_map`, formatIdMap(mappings), { existing: true });
    return;
  }
  const program = `/usr/bin/new${kind}map`;
  const ids = mappings.flatMap(({ containerID, hostID, size }) => [containerID, hostID, size]);
  const child = posix_spawn(program, [program, String(pid), ...ids.map(String)], []);
  const status = waitid(P_PID, child, W.WEXITED);
  if (status?.event === "exited" && status.value === 0) return;
  throw new UserError(
    `cannot map the ${kind}s ${formatIdMap(mappings).trim()}: ${program} refused it`,
    `see /etc/sub${kind}, or use the ids that it allows`,
  );
}
