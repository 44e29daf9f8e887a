// Who owns stdin, stdout and stderr. A program that is not root and opens /dev/stdout, as those do that
// write their log there, is let in by its owner and mode like at any other file: a pipe of root's is
// shut. Loaded only for such a program.

import { AT, S } from "../../../ffi/constants.ts";
import { fchown, type FileStatus, statx } from "../../../ffi/stat.ts";
import { isSyscallError } from "../../../ffi/syscall-error.ts";
import type { IdMapping, Linux } from "../../oci/spec.ts";

const TYPE_BITS = 0o170000;
const KEEP_GROUP = 0xffffffff;

/**
 * Gives what this process hands on to the container's user.
 * @param isHandedOver whether nobody else will use it: else only pipes are given away, as the file of
 * a `>` stays its caller's
 */
export function giveStdio(uid: number, linux: Linux, isHandedOver: boolean): void {
  const mappings = userMappings(linux);
  const owner = mappings === undefined ? uid : toHost(uid, mappings);
  if (owner === undefined) return;
  for (const fd of [0, 1, 2]) {
    const status = statusOf(fd);
    if (status === undefined || status.uid === owner || isNull(status)) continue;
    if (!isHandedOver && (status.mode & TYPE_BITS) !== S.S_IFIFO) continue;
    // Kernel: what belongs to nobody of the user namespace cannot be given away by its root.
    if (mappings !== undefined && !mappings.some((mapping) => covers(mapping, status.uid)))
      continue;
    give(fd, owner);
  }
}

/** undefined where it has the user namespace of the host. */
function userMappings({
  namespaces = [],
  uidMappings = [],
}: Linux): readonly IdMapping[] | undefined {
  return namespaces.some(({ type }) => type === "user") ? uidMappings : undefined;
}

function toHost(uid: number, mappings: readonly IdMapping[]): number | undefined {
  for (const { containerID, hostID, size } of mappings) {
    if (uid >= containerID && uid < containerID + size) return hostID + uid - containerID;
  }
  return undefined;
}

const covers = ({ hostID, size }: IdMapping, uid: number): boolean =>
  uid >= hostID && uid < hostID + size;

/** undefined for one that is closed. */
function statusOf(fd: number): FileStatus | undefined {
  try {
    return statx(fd, "", AT.AT_EMPTY_PATH);
  } catch (error) {
    if (isSyscallError(error, "EBADF")) return undefined;
    throw error;
  }
}

const isNull = ({ mode, device: [major, minor] }: FileStatus): boolean =>
  (mode & TYPE_BITS) === S.S_IFCHR && major === 1 && minor === 3;

function give(fd: number, uid: number): void {
  try {
    fchown(fd, uid, KEEP_GROUP);
  } catch (error) {
    // As runc: a file of a kind, or of a file system, that does not change hands stays as it is.
    if (!isSyscallError(error, "EINVAL", "EPERM", "EROFS", "ENOSYS", "EOPNOTSUPP")) throw error;
  }
}
