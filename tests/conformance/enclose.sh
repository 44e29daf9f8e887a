#!/usr/bin/env bash
# Runs a command as the suites of runc and crun need it, and so that nothing of it is left:
#   enclose.sh COMMAND [ARG...]
# with a controlling terminal of its own, below `tini` as the first process of a PID namespace
# (orphans are reaped at once; all end with it), in a mount namespace with an empty /tmp, and in
# cgroups of its own that a cgroup namespace makes the roots: two of these get along, although their
# containers have the same names. The hugetlb controller is there on v1: crun refuses a host whose v2
# hierarchy still has a controller.
set -euo pipefail

readonly CGROUPS=/sys/fs/cgroup

hierarchies() {
  local folder
  for folder in "$CGROUPS"/*/; do
    folder=${folder%/}
    if mountpoint -q "$folder"; then echo "$folder"; fi
  done
}

# Puts another folder of mounts in the place of the host's: of each hierarchy what is below $1.
# The tests make folders there for hierarchies that are not mounted, which would stay on the host.
mount_cgroups() {
  local name hierarchy
  mount -t tmpfs -o mode=755 tmpfs /mnt
  for hierarchy in $(hierarchies); do
    name=${hierarchy##*/}
    mkdir "/mnt/$name"
    mount --bind "$hierarchy/$1" "/mnt/$name"
  done
  # Kernel: a controller moves between the hierarchies for the whole machine, and goes back when the
  # last mount of its v1 hierarchy is gone, with this namespace.
  if [[ ! -d /mnt/hugetlb ]] && grep -q '^hugetlb' /proc/cgroups; then
    mkdir /mnt/hugetlb
    mount -t cgroup -o hugetlb cgroup /mnt/hugetlb
  fi
  umount -R "$CGROUPS"
  mount --move /mnt "$CGROUPS"
}

make_cgroups() {
  local hierarchy file
  for hierarchy in $(hierarchies); do
    mkdir "$hierarchy/$1"
    for file in cpuset.cpus cpuset.mems; do
      [[ ! -e $hierarchy/$file ]] || cat "$hierarchy/$file" > "$hierarchy/$1/$file"
    done
    # There is only so much real time: one of these at a time can have it.
    file=cpu.rt_runtime_us
    [[ -z ${CONFORMANCE_REALTIME:-} || ! -e $hierarchy/$file ]] || cat "$hierarchy/$file" > "$hierarchy/$1/$file" 2>/dev/null || true
  done
}

join_cgroups() {
  local hierarchy
  for hierarchy in $(hierarchies); do echo $BASHPID > "$hierarchy/$1/cgroup.procs"; done
}

# What a test has left frozen cannot end.
thaw() {
  local state
  find "$1" -mindepth 2 -name freezer.state 2>/dev/null | while read -r state; do
    # Race: it may be going away.
    { echo THAWED > "$state"; } 2>/dev/null || true
  done
}

# Kernel: the first process of a PID namespace waits for all the others, and a frozen one does not end.
thaw_at_end() {
  local outer first
  while sleep 2; do
    outer=$(pgrep -P $$ -x unshare) && first=$(pgrep -P "$outer") || continue
    # It has no words any more, once it ends.
    [[ -n $(tr -d '\0' < "/proc/$first/cmdline") ]] || thaw "$CGROUPS/freezer/$1"
  done
}

# What has not ended keeps its cgroup.
remove_cgroups() {
  local hierarchy left
  thaw "$CGROUPS/freezer/$1"
  for _ in {1..20}; do
    left=
    for hierarchy in $(hierarchies); do
      [[ -d $hierarchy/$1 ]] || continue
      find "$hierarchy/$1" -depth -type d -exec rmdir {} \; 2>/dev/null || true
      [[ ! -d $hierarchy/$1 ]] || left=$hierarchy/$1
    done
    [[ -n $left ]] || return 0
    sleep 0.2
  done
  echo "enclose.sh: cgroups are left, such as $left" >&2
}

self=$(readlink -f "${BASH_SOURCE[0]}")
case ${1:-} in
  # In a mount namespace of its own, and in the caller's cgroups.
  --outside)
    own=$2
    shift 2
    # The terminal is only there to be one: what is said goes to the caller's own output.
    exec >&3 2>&4 3>&- 4>&-
    # What others have mounted below /tmp would be hidden, and yet be found.
    awk '$5 ~ "^/tmp/" { print $5 }' /proc/self/mountinfo | tac | xargs -r umount --lazy
    [[ ! -d $CGROUPS/unified ]] || { mount_cgroups . && make_cgroups "$own"; }
    status=0
    thaw_at_end "$own" &
    (
      [[ ! -d $CGROUPS/unified ]] || join_cgroups "$own"
      exec unshare --mount --pid --cgroup --fork --kill-child --mount-proc --propagation private \
        tini -g -- "$self" --inside "$own" "$@"
    ) || status=$?
    kill %1
    [[ ! -d $CGROUPS/unified ]] || remove_cgroups "$own"
    exit "$status"
    ;;
  --inside)
    own=$2
    shift 2
    # The size is said so that it is shown: runc's tests expect more options than "rw,relatime".
    mount -t tmpfs -o mode=1777,size=50% tmpfs /tmp
    # crun gives its standard streams to the container's user, so also the host's /dev/null.
    mknod -m 666 /tmp/.null c 1 3
    mount --bind /tmp/.null /dev/null
    [[ ! -d $CGROUPS/unified ]] || mount_cgroups "$own"
    export BUNKER_RUN=/tmp/.bunker
    status=0
    "$@" || status=$?
    thaw "$CGROUPS/freezer"
    exit "$status"
    ;;
esac

exec 3>&1 4>&2
exec script -qec "exec unshare --mount --propagation private \
  $(printf '%q ' "$self" --outside "conformance-$$" "$@")" /dev/null </dev/null >/dev/null
