#!/usr/bin/env bash
# Makes a root file system for the tests, once for each machine, and prints its path.
#   make-rootfs.sh busybox|debian
# A tree is made under another name and renamed, so that what has its own name is whole.
set -euo pipefail

cache=${BUNKER_TEST_CACHE:-/var/cache/bunker-tests}
kind=${1:-}

# The number in a name goes up with each change of what is made below.
case $kind in
  busybox) tree=$cache/busybox-1 ;;
  debian) tree=$cache/debian-$(. /etc/os-release && echo "$VERSION_CODENAME")-1 ;;
  *) echo "usage: make-rootfs.sh busybox|debian" >&2; exit 2 ;;
esac

make_busybox() {
  local root=$1 applet busybox
  # Debian's two busybox packages use one path; a shared one would not start in an empty tree.
  busybox=$(command -v busybox) || { echo "busybox is not installed: install busybox-static" >&2; exit 1; }
  ldd "$busybox" >/dev/null 2>&1 && { echo "busybox is not static: install busybox-static" >&2; exit 1; }
  mkdir -p "$root"/{bin,sbin,usr/bin,usr/sbin,etc,dev,proc,sys,run,root,home/web,var/lib,mnt,tmp}
  chmod 1777 "$root/tmp"
  chmod 700 "$root/root"
  cp -L "$busybox" "$root/bin/busybox"
  while read -r applet; do
    [[ $applet == bin/busybox ]] || ln -s /bin/busybox "$root/$applet"
  done < <("$busybox" --list-full | grep -E '^(usr/)?s?bin/')
  chown 1000:1000 "$root/home/web"
  printf '%s\n' 'root:x:0:0:root:/root:/bin/sh' 'web:x:1000:1000:web:/home/web:/bin/sh' \
    'nobody:x:65534:65534:nobody:/:/bin/false' > "$root/etc/passwd"
  printf '%s\n' 'root:x:0:' 'adm:x:4:web' 'web:x:1000:' 'logs:x:2000:web' 'nogroup:x:65534:' \
    > "$root/etc/group"
}

make_debian() {
  debootstrap --variant=minbase "$(. /etc/os-release && echo "$VERSION_CODENAME")" "$1" >&2
  rm -rf "$1"/var/cache/apt/* "$1"/var/lib/apt/lists/*
}

if [[ ! -d $tree ]]; then
  mkdir -p "$cache"
  exec 9>"$cache/.lock"
  flock 9
  # Race: another run may have made it while this one waited.
  if [[ ! -d $tree ]]; then
    rm -rf "$tree".making
    mkdir "$tree".making
    "make_$kind" "$tree".making
    mv "$tree".making "$tree"
  fi
fi
echo "$tree"
