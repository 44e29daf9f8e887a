// Reading a file inside a container's root before the container runs: passwd and group. What is
// there is a stranger's, so the way leads through openat2(2) and the size is bounded.

import { O, RESOLVE } from "../../ffi/constants.ts";
import { open, openat2 } from "../../ffi/fcntl.ts";
import { observed } from "../../ffi/observe.ts";
import { isSyscallError } from "../../ffi/syscall-error.ts";
import { read } from "../../ffi/unistd.ts";

/** Larger than any real passwd; what is beyond it is not read. */
const FILE_LIMIT_BYTES = 1024 * 1024;

/**
 * The text of `path` inside `rootfs`, "" where there is none. Symlinks are followed inside the root
 * only; a device or fifo in its place is not waited for.
 * @param isFixed what is there never changes: an image's layers, which are called by their contents
 */
export function readContainerFile(rootfs: string, path: string, isFixed = false): string {
  const text = readInside(rootfs, path);
  if (!isFixed) observed("inside", `${rootfs}\0${path}`, text);
  return text;
}

function readInside(rootfs: string, path: string): string {
  using root = open(rootfs, O.O_PATH | O.O_DIRECTORY);
  try {
    const flags = O.O_RDONLY | O.O_NONBLOCK | O.O_NOCTTY;
    using file = openat2(root.number, path, { flags, resolve: RESOLVE.RESOLVE_IN_ROOT });
    return readAll(file.number);
  } catch (error) {
    // Kernel: ENOSYS before Linux 5.6, where no container runs either, and of an emulated CPU (QEMU
    // before 8), where `explain` shall tell its story all the same: as if there were no such file.
    if (isSyscallError(error, "ENOENT", "ENOTDIR", "ELOOP", "EISDIR", "ENXIO", "ENOSYS")) return "";
    throw error;
  }
}

const FIRST_READ_BYTES = 16 * 1024;

function readAll(fd: number): string {
  let buffer = new Uint8Array(FIRST_READ_BYTES);
  let length = 0;
  for (;;) {
    const count = read(fd, buffer.subarray(length));
    length += count;
    if (count === 0 || length >= FILE_LIMIT_BYTES) break;
    if (length < buffer.length) continue;
    const larger = new Uint8Array(buffer.length * 4);
    larger.set(buffer);
    buffer = larger;
  }
  return new TextDecoder().decode(buffer.subarray(0, length));
}
