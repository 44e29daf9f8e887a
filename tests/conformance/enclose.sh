#!/usr/bin/env bash
# Runs a command as the suites of runc and crun need it, and so that nothing of it is left:
#   enclose.sh COMMAND [ARG...]
# with a controlling terminal of its own, below `tini` as the first process of a PID namespace
# (orphans are reaped at once; all end with it), in a mount namespace with an empty /tmp, and with a
# /sys/fs/cgroup of its own that has the hugetlb controller on v1: crun refuses a host whose v2
# hierarchy still has a controller.
set -euo pipefail

readonly CGROUPS=/sys/fs/cgroup

# The tests make folders there for hierarchies that are not mounted, which would stay on the host.
mount_cgroups() {
  local folder name
  mount -t tmpfs -o mode=755 tmpfs /mnt
  for folder in "$CGROUPS"/*/; do
    name=$(basename "$folder")
    mountpoint -q "$CGROUPS/$name" || continue
    mkdir "/mnt/$name"
    mount --bind "$CGROUPS/$name" "/mnt/$name"
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

inside() {
  # The terminal is only there to be one: what is said goes to the caller's own output.
  exec >&3 2>&4 3>&- 4>&-
  # The size is said so that it is shown: runc's tests expect more options than "rw,relatime".
  mount -t tmpfs -o mode=1777,size=50% tmpfs /tmp
  [[ ! -d $CGROUPS/unified ]] || mount_cgroups
  exec "$@"
}

# What a test has left frozen cannot end, and what has not ended keeps its cgroup.
clear_cgroups() {
  local state
  for state in $(find "$CGROUPS" -path '*/runc-cgroups-integration-test/*' -name freezer.state 2>/dev/null); do
    echo THAWED > "$state"
  done
  for _ in 1 2 3 4 5; do
    find "$CGROUPS" -depth -type d -path '*/runc-cgroups-integration-test*' -exec rmdir {} + 2>/dev/null && return
    sleep 0.2
  done
}

if [[ ${1:-} == --inside ]]; then
  shift
  inside "$@"
fi

quoted=$(printf '%q ' "$(readlink -f "${BASH_SOURCE[0]}")" --inside "$@")
status=0
exec 3>&1 4>&2
script -qec "exec unshare --mount --pid --fork --kill-child --mount-proc --propagation private \
  tini -g -- $quoted" /dev/null </dev/null >/dev/null || status=$?
clear_cgroups || true
exit "$status"
