// The cheapest start of a container that this kernel allows: one static program that makes the
// calls and does nothing else. No parsing, no state, no limits written, no seccomp filter.
//
//   floor ROOTFS PROGRAM [ARG...]    six namespaces, the OCI mounts, a cgroup in each hierarchy
#define _GNU_SOURCE
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <sys/wait.h>
#include <unistd.h>

#define MUST(call)                                                                \
  do {                                                                            \
    if ((long)(call) < 0) {                                                       \
      fprintf(stderr, "floor: line %d: %s: %s\n", __LINE__, #call, strerror(errno)); \
      _exit(111);                                                                 \
    }                                                                             \
  } while (0)

#define CGROUPS "/sys/fs/cgroup"
#define NO_EXEC (MS_NOSUID | MS_NODEV | MS_NOEXEC)

static const char *rootfs;
static char **program;
static char joins[32][128];  // the `tasks` files of our cgroups
static int join_count;

static void put(const char *path, const char *text) {
  int fd = open(path, O_WRONLY | O_CLOEXEC);
  MUST(fd);
  MUST(write(fd, text, strlen(text)));
  close(fd);
}

static void copy(const char *from, const char *to) {
  char text[256];
  int fd = open(from, O_RDONLY | O_CLOEXEC);
  MUST(fd);
  int length = read(fd, text, sizeof text - 1);
  MUST(length);
  close(fd);
  text[length] = 0;
  put(to, text);
}

// Version 1: a cgroup for each hierarchy, joined by the child itself (see cgroup-join.md).
static void make_v1_cgroups(void) {
  DIR *all = opendir(CGROUPS);
  struct dirent *entry;
  while (all && (entry = readdir(all)) && join_count < 32) {
    char path[512], other[512];
    snprintf(path, sizeof path, CGROUPS "/%s/tasks", entry->d_name);
    if (entry->d_name[0] == '.' || entry->d_type != DT_DIR || access(path, F_OK)) continue;
    snprintf(path, sizeof path, CGROUPS "/%s/floor-%d", entry->d_name, getpid());
    MUST(mkdir(path, 0755));
    if (!strcmp(entry->d_name, "cpuset")) {
      for (int i = 0; i < 2; i++) {
        const char *file = i ? "cpuset.mems" : "cpuset.cpus";
        snprintf(other, sizeof other, "%.300s/%s", path, file);
        copy(i ? CGROUPS "/cpuset/cpuset.mems" : CGROUPS "/cpuset/cpuset.cpus", other);
      }
    }
    snprintf(joins[join_count++], sizeof joins[0], "%.110s/tasks", path);
  }
  if (all) closedir(all);
}

static void remove_v1_cgroups(void) {
  for (int i = 0; i < join_count; i++) {
    *strrchr(joins[i], '/') = 0;
    MUST(rmdir(joins[i]));
  }
}

static void make_devices(void) {
  static const struct { const char *path; int major, minor; } devices[] = {
    {"dev/null", 1, 3}, {"dev/zero", 1, 5}, {"dev/full", 1, 7},
    {"dev/random", 1, 8}, {"dev/urandom", 1, 9}, {"dev/tty", 5, 0},
  };
  for (int i = 0; i < 6; i++)
    MUST(mknod(devices[i].path, S_IFCHR | 0666, makedev(devices[i].major, devices[i].minor)));
  MUST(symlink("pts/ptmx", "dev/ptmx"));
  MUST(symlink("/proc/self/fd", "dev/fd"));
  MUST(symlink("/proc/self/fd/0", "dev/stdin"));
  MUST(symlink("/proc/self/fd/1", "dev/stdout"));
  MUST(symlink("/proc/self/fd/2", "dev/stderr"));
}

static void hide_paths(void) {
  static const char *read_only[] = {"proc/bus", "proc/fs", "proc/irq", "proc/sys", "proc/sysrq-trigger", 0};
  for (const char **p = read_only; *p; p++)
    if (!mount(*p, *p, 0, MS_BIND | MS_REC, 0))
      mount(0, *p, 0, MS_BIND | MS_REMOUNT | MS_RDONLY | NO_EXEC, 0);
  static const char *files[] = {"proc/kcore", "proc/keys", "proc/timer_list", 0};
  for (const char **p = files; *p; p++) mount("/dev/null", *p, 0, MS_BIND, 0);
  static const char *folders[] = {"proc/acpi", "proc/scsi", "sys/firmware", 0};
  for (const char **p = folders; *p; p++) mount("tmpfs", *p, "tmpfs", MS_RDONLY, 0);
}

static void enter_rootfs(void) {
  MUST(mount(0, "/", 0, MS_REC | MS_PRIVATE, 0));
  MUST(mount(rootfs, rootfs, 0, MS_BIND | MS_REC, 0));
  MUST(chdir(rootfs));
  MUST(mount("proc", "proc", "proc", NO_EXEC, 0));
  MUST(mount("tmpfs", "dev", "tmpfs", MS_NOSUID | MS_STRICTATIME, "mode=755,size=65536k"));
  MUST(mkdir("dev/pts", 0755));
  MUST(mkdir("dev/shm", 0755));
  MUST(mkdir("dev/mqueue", 0755));
  MUST(mount("devpts", "dev/pts", "devpts", MS_NOSUID | MS_NOEXEC, "newinstance,ptmxmode=0666,mode=0620"));
  MUST(mount("shm", "dev/shm", "tmpfs", NO_EXEC, "mode=1777,size=65536k"));
  MUST(mount("mqueue", "dev/mqueue", "mqueue", NO_EXEC, 0));
  MUST(mount("sysfs", "sys", "sysfs", MS_RDONLY | NO_EXEC, 0));
  make_devices();
  hide_paths();
  MUST(syscall(SYS_pivot_root, ".", "."));
  MUST(umount2(".", MNT_DETACH));
  MUST(chdir("/"));
}

static int child(void *unused) {
  (void)unused;
  for (int i = 0; i < join_count; i++) put(joins[i], "0");
  MUST(unshare(CLONE_NEWCGROUP));
  MUST(sethostname("floor", 5));
  enter_rootfs();
  MUST(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0));
  execv(program[0], program);
  perror(program[0]);
  _exit(127);
}

static char stack[1 << 16];
static const int NAMESPACES = CLONE_NEWNS | CLONE_NEWPID | CLONE_NEWUTS | CLONE_NEWIPC | CLONE_NEWNET;

// Version 2: the child is born in its cgroup.
static int clone_into_cgroup(const char *path) {
  struct {
    unsigned long long flags, pidfd, child_tid, parent_tid, exit_signal, stack, stack_size, tls,
        set_tid, set_tid_size, cgroup;
  } arguments = {0};
  int fd = open(path, O_PATH | O_CLOEXEC);
  MUST(fd);
  arguments.flags = NAMESPACES | CLONE_VFORK | 0x200000000ULL;
  arguments.exit_signal = SIGCHLD;
  arguments.cgroup = fd;
  int pid = syscall(SYS_clone3, &arguments, sizeof arguments);
  if (pid == 0) child(0);
  close(fd);
  return pid;
}

int main(int count, char **argv) {
  if (count < 3) return 2;
  rootfs = argv[1];
  program = argv + 2;
  int unified = !access(CGROUPS "/cgroup.controllers", F_OK), pid, status;
  char path[64];
  snprintf(path, sizeof path, CGROUPS "/floor-%d", getpid());
  if (unified) {
    MUST(mkdir(path, 0755));
    pid = clone_into_cgroup(path);
  } else {
    make_v1_cgroups();
    pid = clone(child, stack + sizeof stack, NAMESPACES | SIGCHLD | CLONE_VFORK | CLONE_VM, 0);
  }
  MUST(pid);
  MUST(waitpid(pid, &status, 0));
  if (unified) MUST(rmdir(path));
  remove_v1_cgroups();
  return WEXITSTATUS(status);
}
