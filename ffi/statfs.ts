// sys/statfs.h: which file system a file is on, and how much room there is.

import { observed } from "./observe.ts";
import { rawCall } from "./syscall.ts";
import { check, cString, library, scratch } from "./library.ts";
import { STATFS } from "./struct-tables.ts";
import { structReader } from "./structs.ts";

const statfsH = library({
  fstatfs: ["i32", "i32", "pointer"],
});

/** linux/magic.h: the file systems that decisions depend on, by their names in /proc/filesystems. */
export const FILE_SYSTEM_MAGIC = {
  cgroup: 0x27e0eb,
  cgroup2: 0x63677270,
  tmpfs: 0x01021994,
  ramfs: 0x858458f6,
  overlay: 0x794c7630,
  proc: 0x9fa0,
  sysfs: 0x62656572,
  devpts: 0x1cd1,
  mqueue: 0x19800202,
  ext4: 0xef53,
  xfs: 0x58465342,
  btrfs: 0x9123683e,
  zfs: 0x2fc12fc1,
  f2fs: 0xf2f52010,
  squashfs: 0x73717368,
  nfs: 0x6969,
  cifs: 0xff534d42,
  fuse: 0x65735546,
  nsfs: 0x6e736673,
  bpf: 0xcafe4a11,
  securityfs: 0x73636673,
} as const;

export interface FileSystemStatus {
  readonly magic: number;
  /** The name of the magic number (`ext4` for ext2 and ext3 too), or the number in hexadecimal. */
  readonly type: string;
  readonly sizeBytes: number;
  /** What an ordinary user can still write. */
  readonly availableBytes: number;
  readonly freeInodes: number;
}

/** The file system that holds `path`. statfs(2) */
export function statfs(path: string): FileSystemStatus {
  const answer = scratch(STATFS.byteLength);
  check(rawCall("statfs", cString(path), answer.address), "statfs", { path });
  const status = fileSystemStatus(answer.bytes);
  observed("filesystem", path, status.magic);
  return status;
}

/** The file system that holds an open file. fstatfs(2) */
export function fstatfs(fd: number): FileSystemStatus {
  const answer = scratch(STATFS.byteLength);
  check(statfsH().fstatfs(fd, answer.address), "fstatfs", { detail: `fd ${fd}` });
  return fileSystemStatus(answer.bytes);
}

function fileSystemStatus(bytes: Uint8Array): FileSystemStatus {
  const read = structReader(STATFS, bytes);
  const magic = read("f_type");
  const blockBytes = read("f_bsize");
  return {
    magic,
    type: fileSystemName(magic),
    sizeBytes: read("f_blocks") * blockBytes,
    availableBytes: read("f_bavail") * blockBytes,
    freeInodes: read("f_ffree"),
  };
}

/** `overlay` for 0x794c7630; the number in hexadecimal where it has no name here. */
export function fileSystemName(magic: number): string {
  for (const [name, value] of Object.entries(FILE_SYSTEM_MAGIC)) if (value === magic) return name;
  return `0x${magic.toString(16)}`;
}
