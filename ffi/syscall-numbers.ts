// The system calls that bunker makes itself, by number, for both architectures. (The tables of
// every call, for seccomp profiles, are in src/seccomp.)

// name, x86-64, arm64. From asm/unistd_64.h and asm-generic/unistd.h.
// Start-up time: a text, of which a process looks at a few lines; an object of 110 properties takes
// 0.1 ms to come into being.
const TABLE = `
geteuid 107 175
mprotect 10 226
mmap 9 222
ftruncate 77 46
statfs 137 43
fstatfs 138 44
flock 73 32
read 0 63
pread64 17 67
write 1 64
close 3 57
ioctl 16 29
dup3 292 24
pipe2 293 59
fcntl 72 25
lseek 8 62
splice 275 76
inotify_init1 294 26
inotify_add_watch 254 27
munmap 11 215
fchdir 81 50
chdir 80 49
chroot 161 51
umask 95 166
clone 56 220
execve 59 221
exit_group 231 94
kill 62 129
wait4 61 260
waitid 247 95
setsid 112 157
setpgid 109 154
getpid 39 172
getppid 110 173
setuid 105 146
setgid 106 144
setgroups 116 159
setresuid 117 147
setresgid 119 149
capget 125 90
capset 126 91
setfsuid 122 151
setfsgid 123 152
prctl 157 167
personality 135 92
prlimit64 302 261
sethostname 170 161
setdomainname 171 162
unshare 272 97
setns 308 268
mount 165 40
umount2 166 39
pivot_root 155 41
openat 257 56
mkdirat 258 34
mknodat 259 33
symlinkat 266 36
unlinkat 263 35
readlinkat 267 78
renameat2 316 276
linkat 265 37
utimensat 280 88
pwrite64 18 68
fdatasync 75 83
syncfs 306 267
sync_file_range 277 84
fsetxattr 190 7
lsetxattr 189 6
lgetxattr 192 9
llistxattr 195 12
fchmodat 268 53
fchownat 260 54
fchown 93 55
fchmod 91 52
newfstatat 262 79
statx 332 291
faccessat2 439 439
faccessat 269 48
keyctl 250 219
seccomp 317 277
bpf 321 280
eventfd2 290 19
futex 202 98
clock_gettime 228 113
memfd_create 319 279
setpriority 141 140
sched_setattr 314 274
sched_setaffinity 203 122
ioprio_set 251 30
set_mempolicy 238 237
rt_sigprocmask 14 135
rt_sigaction 13 134
rt_sigtimedwait 128 137
sendmsg 46 211
socket 41 198
socketpair 53 199
connect 42 203
bind 49 200
setsockopt 54 208
listen 50 201
accept4 288 242
dup 32 23
getdents64 217 61
tgkill 234 131
pidfd_send_signal 424 424
open_tree 428 428
move_mount 429 429
fsopen 430 430
fsconfig 431 431
fsmount 432 432
fspick 433 433
pidfd_open 434 434
ppoll 271 73
clone3 435 435
close_range 436 436
openat2 437 437
pidfd_getfd 438 438
mount_setattr 442 442
execveat 322 281
fstat 5 80
getcwd 79 17
getrandom 318 278
preadv 295 69
process_vm_readv 310 270
pwritev 296 70
readv 19 65
writev 20 66
rt_sigreturn 15 139
sched_getaffinity 204 123
` as const;

type NamesIn<
  Rows extends string,
  Found = never,
> = Rows extends `${infer Name} ${number} ${number}\n${infer Rest}`
  ? NamesIn<Rest, Found | Name>
  : Found;

/** A system call that bunker knows by name. */
export type SyscallName = typeof TABLE extends `\n${infer Rows}` ? NamesIn<Rows> : never;

const IS_ARM = process.arch === "arm64";
const found: Record<string, number> = {};

/** The number of `name` on this machine's architecture. */
export function syscallNumber(name: SyscallName): number {
  return (found[name] ??= findNumber(name));
}

function findNumber(name: string): number {
  const start = TABLE.indexOf(`\n${name} `) + name.length + 2;
  const middle = TABLE.indexOf(" ", start);
  if (IS_ARM) return Number(TABLE.slice(middle, TABLE.indexOf("\n", middle)));
  return Number(TABLE.slice(start, middle));
}

/** The names in the order of the table. */
export function syscallNames(): SyscallName[] {
  const names: SyscallName[] = [];
  for (const row of TABLE.split("\n")) {
    const [name = ""] = row.split(" ");
    if (isSyscallName(name)) names.push(name);
  }
  return names;
}

/** The name of call `number` on this machine's architecture, where bunker knows it. */
export function syscallNameOf(number: number): SyscallName | undefined {
  for (const name of syscallNames()) if (syscallNumber(name) === number) return name;
  return undefined;
}

/** Whether `name` is in the table. */
export function isSyscallName(name: string): name is SyscallName {
  return name !== "" && !name.includes(" ") && TABLE.includes(`\n${name} `);
}
