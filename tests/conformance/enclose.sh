#!/usr/bin/env bash
# Runs a command as the suites of runc and crun need it, and so that nothing of it is left:
#   enclose.sh COMMAND [ARG...]
# with a controlling terminal of its own, below `tini` as the first process of a PID namespace
# (orphans are reaped at once; all end with it), in a mount namespace with an empty /tmp and with the
# hugetlb controller on v1: crun refuses a host whose v2 hierarchy still has a controller.
set -euo pipefail

readonly HUGETLB=/sys/fs/cgroup/hugetlb

inside() {
  # The terminal is only there to be one: what is said goes to the caller's own output.
  exec >&3 2>&4 3>&- 4>&-
  mount -t tmpfs -o mode=1777 tmpfs /tmp
  # Kernel: a controller moves between the hierarchies for the whole machine, and goes back when the
  # last mount of its v1 hierarchy is gone, with this namespace.
  [[ ! -d $HUGETLB ]] || mountpoint -q "$HUGETLB" || mount -t cgroup -o hugetlb cgroup "$HUGETLB"
  exec "$@"
}

if [[ ${1:-} == --inside ]]; then
  shift
  inside "$@"
fi

made=
if [[ -d /sys/fs/cgroup/unified && ! -e $HUGETLB ]] && grep -q '^hugetlb' /proc/cgroups; then
  mkdir "$HUGETLB"
  made=yes
fi
quoted=$(printf '%q ' "$(readlink -f "${BASH_SOURCE[0]}")" --inside "$@")
status=0
exec 3>&1 4>&2
script -qec "exec unshare --mount --pid --fork --kill-child --mount-proc --propagation private \
  tini -g -- $quoted" /dev/null </dev/null >/dev/null || status=$?
[[ -z $made ]] || rmdir "$HUGETLB"
exit "$status"
