// sys/mount.h, linux/mount.h: flags of mounts.

/** sys/mount.h */
export const MS = {
  MS_RDONLY: 1,
  MS_NOSUID: 2,
  MS_NODEV: 4,
  MS_NOEXEC: 8,
  MS_SYNCHRONOUS: 16,
  MS_REMOUNT: 32,
  MS_MANDLOCK: 64,
  MS_DIRSYNC: 128,
  MS_NOSYMFOLLOW: 256,
  MS_NOATIME: 1024,
  MS_NODIRATIME: 2048,
  MS_BIND: 4096,
  MS_MOVE: 8192,
  MS_REC: 16384,
  MS_SILENT: 32768,
  MS_UNBINDABLE: 1 << 17,
  MS_PRIVATE: 1 << 18,
  MS_SLAVE: 1 << 19,
  MS_SHARED: 1 << 20,
  MS_RELATIME: 1 << 21,
  MS_STRICTATIME: 1 << 24,
  MS_LAZYTIME: 1 << 25,
} as const;

/** umount2(2) */
export const MNT = { MNT_FORCE: 1, MNT_DETACH: 2, MNT_EXPIRE: 4, UMOUNT_NOFOLLOW: 8 } as const;

/** linux/mount.h: fsmount(2) and mount_setattr(2) */
export const MOUNT_ATTR = {
  MOUNT_ATTR_RDONLY: 0x1,
  MOUNT_ATTR_NOSUID: 0x2,
  MOUNT_ATTR_NODEV: 0x4,
  MOUNT_ATTR_NOEXEC: 0x8,
  MOUNT_ATTR_NOATIME: 0x10,
  MOUNT_ATTR_STRICTATIME: 0x20,
  MOUNT_ATTR_NODIRATIME: 0x80,
  MOUNT_ATTR_IDMAP: 0x00100000,
  MOUNT_ATTR_NOSYMFOLLOW: 0x00200000,
} as const;

/** The bits that hold the access-time mode in mount attributes; relatime is 0 among them. */
export const MOUNT_ATTR__ATIME = 0x70;

/** open_tree(2) */
export const OPEN_TREE = {
  OPEN_TREE_CLONE: 1,
  AT_EMPTY_PATH: 0x1000,
  AT_NO_AUTOMOUNT: 0x800,
  AT_RECURSIVE: 0x8000,
  OPEN_TREE_CLOEXEC: 0o2000000,
} as const;

/** move_mount(2) */
export const MOVE_MOUNT = {
  MOVE_MOUNT_F_SYMLINKS: 1,
  MOVE_MOUNT_F_AUTOMOUNTS: 2,
  MOVE_MOUNT_F_EMPTY_PATH: 4,
  MOVE_MOUNT_T_SYMLINKS: 0x10,
  MOVE_MOUNT_T_AUTOMOUNTS: 0x20,
  MOVE_MOUNT_T_EMPTY_PATH: 0x40,
} as const;

/** fsconfig(2) commands: values, not bits. */
export const FSCONFIG = {
  FSCONFIG_SET_FLAG: 0,
  FSCONFIG_SET_STRING: 1,
  FSCONFIG_SET_BINARY: 2,
  FSCONFIG_SET_PATH: 3,
  FSCONFIG_SET_PATH_EMPTY: 4,
  FSCONFIG_SET_FD: 5,
  FSCONFIG_CMD_CREATE: 6,
  FSCONFIG_CMD_RECONFIGURE: 7,
} as const;

export const FSOPEN_CLOEXEC = 1;
export const FSMOUNT_CLOEXEC = 1;
