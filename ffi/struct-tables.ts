// The C structs that bunker reads or writes, as tables for structs.ts.

import type { Struct } from "./structs.ts";

/** The argument of openat2(2). */
export const OPEN_HOW = {
  cName: "struct open_how",
  byteLength: 24,
  fields: [
    ["flags", "u64", 0],
    ["mode", "u64", 8],
    ["resolve", "u64", 16],
  ],
} as const satisfies Struct<string>;

/** The argument of mount_setattr(2). */
export const MOUNT_ATTR_STRUCT = {
  cName: "struct mount_attr",
  byteLength: 32,
  fields: [
    ["attr_set", "u64", 0],
    ["attr_clr", "u64", 8],
    ["propagation", "u64", 16],
    ["userns_fd", "u64", 24],
  ],
} as const satisfies Struct<string>;

/** The argument of clone3(2), CLONE_ARGS_SIZE_VER2 (Linux 5.7). */
export const CLONE_ARGS = {
  cName: "struct clone_args",
  byteLength: 88,
  fields: [
    ["flags", "u64", 0],
    ["pidfd", "u64", 8],
    ["child_tid", "u64", 16],
    ["parent_tid", "u64", 24],
    ["exit_signal", "u64", 32],
    ["stack", "u64", 40],
    ["stack_size", "u64", 48],
    ["tls", "u64", 56],
    ["set_tid", "u64", 64],
    ["set_tid_size", "u64", 72],
    ["cgroup", "u64", 80],
  ],
} as const satisfies Struct<string>;

/** A limit of prlimit64(2). */
export const RLIMIT64 = {
  cName: "struct rlimit64",
  byteLength: 16,
  fields: [
    ["rlim_cur", "u64", 0],
    ["rlim_max", "u64", 8],
  ],
} as const satisfies Struct<string>;

/** A terminal's size, ioctl_tty(2). */
export const WINSIZE = {
  cName: "struct winsize",
  byteLength: 8,
  fields: [
    ["ws_row", "u16", 0],
    ["ws_col", "u16", 2],
    ["ws_xpixel", "u16", 4],
    ["ws_ypixel", "u16", 6],
  ],
} as const satisfies Struct<string>;

/** A terminal's modes as libc's tcgetattr(3) fills them; `c_cc` begins at byte 17. */
export const TERMIOS = {
  cName: "struct termios",
  byteLength: 60,
  fields: [
    ["c_iflag", "u32", 0],
    ["c_oflag", "u32", 4],
    ["c_cflag", "u32", 8],
    ["c_lflag", "u32", 12],
    ["c_line", "u8", 16],
  ],
} as const satisfies Struct<string>;

/** What waitid(2) fills of a siginfo_t. */
export const SIGINFO = {
  cName: "siginfo_t",
  byteLength: 128,
  fields: [
    ["si_signo", "i32", 0],
    ["si_errno", "i32", 4],
    ["si_code", "i32", 8],
    ["si_pid", "i32", 16],
    ["si_uid", "u32", 20],
    ["si_status", "i32", 24],
  ],
} as const satisfies Struct<string>;

/** The answer of statx(2); times are in `struct statx_timestamp`s of 16 bytes. */
export const STATX = {
  cName: "struct statx",
  byteLength: 256,
  fields: [
    ["stx_mask", "u32", 0],
    ["stx_blksize", "u32", 4],
    ["stx_attributes", "u64", 8],
    ["stx_nlink", "u32", 16],
    ["stx_uid", "u32", 20],
    ["stx_gid", "u32", 24],
    ["stx_mode", "u16", 28],
    ["stx_ino", "u64", 32],
    ["stx_size", "u64", 40],
    ["stx_blocks", "u64", 48],
    ["stx_mtime.tv_sec", "i64", 112],
    ["stx_mtime.tv_nsec", "u32", 120],
    ["stx_rdev_major", "u32", 128],
    ["stx_rdev_minor", "u32", 132],
    ["stx_dev_major", "u32", 136],
    ["stx_dev_minor", "u32", 140],
  ],
} as const satisfies Struct<string>;

/** The answer of statfs(2). */
export const STATFS = {
  cName: "struct statfs",
  byteLength: 120,
  fields: [
    ["f_type", "i64", 0],
    ["f_bsize", "i64", 8],
    ["f_blocks", "u64", 16],
    ["f_bfree", "u64", 24],
    ["f_bavail", "u64", 32],
    ["f_files", "u64", 40],
    ["f_ffree", "u64", 48],
    ["f_namelen", "i64", 64],
    ["f_flags", "i64", 80],
  ],
} as const satisfies Struct<string>;

/** capget(2): who is asked, and in which version of the interface. */
export const CAP_HEADER = {
  cName: "struct __user_cap_header_struct",
  byteLength: 8,
  fields: [
    ["version", "u32", 0],
    ["pid", "i32", 4],
  ],
} as const satisfies Struct<string>;

/** capget(2): 32 capabilities; version 3 takes two of them. */
export const CAP_DATA = {
  cName: "struct __user_cap_data_struct",
  byteLength: 12,
  fields: [
    ["effective", "u32", 0],
    ["permitted", "u32", 4],
    ["inheritable", "u32", 8],
  ],
} as const satisfies Struct<string>;

/** sendmsg(2) */
export const MSGHDR = {
  cName: "struct msghdr",
  byteLength: 56,
  fields: [
    ["msg_name", "u64", 0],
    ["msg_namelen", "u32", 8],
    ["msg_iov", "u64", 16],
    ["msg_iovlen", "u64", 24],
    ["msg_control", "u64", 32],
    ["msg_controllen", "u64", 40],
    ["msg_flags", "i32", 48],
  ],
} as const satisfies Struct<string>;

/** One buffer of sendmsg(2). */
export const IOVEC = {
  cName: "struct iovec",
  byteLength: 16,
  fields: [
    ["iov_base", "u64", 0],
    ["iov_len", "u64", 8],
  ],
} as const satisfies Struct<string>;

/** The head of a control message, cmsg(3); its data follows. */
export const CMSGHDR = {
  cName: "struct cmsghdr",
  byteLength: 16,
  fields: [
    ["cmsg_len", "u64", 0],
    ["cmsg_level", "i32", 8],
    ["cmsg_type", "i32", 12],
  ],
} as const satisfies Struct<string>;

/** poll(2) */
export const POLLFD = {
  cName: "struct pollfd",
  byteLength: 8,
  fields: [
    ["fd", "i32", 0],
    ["events", "i16", 4],
    ["revents", "i16", 6],
  ],
} as const satisfies Struct<string>;

export const TIMESPEC = {
  cName: "struct timespec",
  byteLength: 16,
  fields: [
    ["tv_sec", "i64", 0],
    ["tv_nsec", "i64", 8],
  ],
} as const satisfies Struct<string>;

/** A seccomp filter: `len` instructions of 8 bytes at `filter`. */
export const SOCK_FPROG = {
  cName: "struct sock_fprog",
  byteLength: 16,
  fields: [
    ["len", "u16", 0],
    ["filter", "u64", 8],
  ],
} as const satisfies Struct<string>;
