#!/usr/bin/env bash
# Makes what the runtimes' own test suites need, from Debian's packages, in .cache/conformance:
# the sources of runc and crun of several suites of Debian, their test helpers, the peers' newer
# versions, and the two images of runc's tests. What is there already is left alone.
#   prepare.sh
# Nothing of it is committed, and nothing but Debian packages is installed on the host.
set -euo pipefail
shopt -s inherit_errexit

here=$(dirname "$(readlink -f "${BASH_SOURCE[0]}")")
cache=$(readlink -f "$here/../..")/.cache/conformance
# Where a newer Debian suite is asked for, the sources and binaries of these are unpacked.
readonly SUITES=(bookworm trixie forky)
readonly HELPERS=(fs-idmap pidfd-kill recvtty remap-rootfs seccompagent sd-helper)
readonly PACKAGES=(
  bats busybox-static crun debootstrap dpkg-dev gawk gcc iproute2 jq libc6-dev libseccomp-dev patchelf
  pkg-config procps python3 runc tini uidmap util-linux
)

say() { echo "prepare.sh: $1" >&2; }

# ---------------------------------------------------------------- packages of this machine

install_packages() {
  local missing=() package
  for package in "${PACKAGES[@]}"; do
    dpkg-query -W -f '${db:Status-Status}' "$package" 2>/dev/null | grep -qx installed ||
      missing+=("$package")
  done
  ((${#missing[@]} > 0)) || return 0
  say "installing Debian packages: ${missing[*]}"
  apt-get update -qq >&2
  DEBIAN_FRONTEND=noninteractive apt-get install -qq -y --no-install-recommends "${missing[@]}" \
    </dev/null >&2
}

# ---------------------------------------------------------------- packages that are only unpacked

# A configuration of apt that sees the other suites on the mirror that this machine uses, and
# believes that nothing is installed: so a download is whole, and /etc stays as it is.
write_apt_configuration() {
  local site suite
  site=$(apt-get indextargets --format '$(SITE) $(COMPONENT) $(ORIGIN) $(RELEASE)' 'Identifier: Packages' |
    awk '$2 == "main" && $3 == "Debian" && $4 !~ /-/ { print $1; exit }')
  [[ -n $site ]] || { say "no Debian mirror is configured in apt"; exit 1; }
  mkdir -p "$cache"/apt/{lists,archives}/partial "$cache/apt/state"
  : > "$cache/apt/status"
  for suite in "${SUITES[@]}"; do
    echo "deb [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] $site $suite main"
    echo "deb-src [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] $site $suite main"
  done > "$cache/apt/sources.list"
  cat > "$cache/apt/apt.conf" <<CONF
Dir::Etc::sourcelist "$cache/apt/sources.list";
Dir::Etc::sourceparts "-";
Dir::State "$cache/apt/state";
Dir::State::lists "$cache/apt/lists";
Dir::State::status "$cache/apt/status";
Dir::Cache::archives "$cache/apt/archives";
Dir::Cache::pkgcache "";
Dir::Cache::srcpkgcache "";
APT::Sandbox::User "root";
APT::Install-Recommends "false";
Acquire::Languages "none";
CONF
}

apt_elsewhere() { APT_CONFIG=$cache/apt/apt.conf "$@"; }

# Unpacks the source package $2 of the suite $1 into sources/SUITE/PACKAGE.
# A mirror may lack the description of a package and still have upstream's archive, which is enough.
fetch_source() {
  local suite=$1 package=$2 folder=$cache/sources/$1 archive
  [[ -d $folder/$package ]] && return
  mkdir -p "$folder/.$package"
  cd "$folder/.$package"
  if ! apt_elsewhere apt-get source -qq --only-source "$package/$suite" >/dev/null 2>&1; then
    archive=$(find . -name '*.orig.tar.*' ! -name '*.asc' | head -n 1)
    [[ -n $archive ]] || { say "the mirror has no source of $package for $suite"; cd "$cache"; return; }
    tar -xf "$archive"
  fi
  mv "$(find . -mindepth 1 -maxdepth 1 -type d | head -n 1)" "$folder/$package"
  cd "$cache"
  rm -r "$folder/.$package"
}

# Downloads packages of the suite $1 with all that they depend on, and unpacks them into $2.
unpack_debian() {
  local suite=$1 target=$2 package
  shift 2
  rm -f "$cache"/apt/archives/*.deb
  apt_elsewhere apt-get install -qq -y --download-only -t "$suite" "$@" >/dev/null
  for package in "$cache"/apt/archives/*.deb; do dpkg-deb -x "$package" "$target"; done
  rm -f "$cache"/apt/archives/*.deb
}

# ---------------------------------------------------------------- the peers of newer suites

# The binaries of a newer Debian with that Debian's own C library, found by absolute path: the peers
# execute themselves again from a memfd.
make_peers() {
  local suite=$1 root=$cache/peers/$1 libraries program
  [[ -d $root ]] && return
  say "unpacking runc and crun of $suite"
  rm -rf "$root.making"
  mkdir -p "$root.making"
  unpack_debian "$suite" "$root.making" runc crun
  libraries=$root/usr/lib/$(gcc -print-multiarch)
  for program in runc crun; do
    cp "$(find "$root.making"/usr/{bin,sbin} -name "$program" -type f | head -n 1)" "$root.making/$program"
    patchelf --force-rpath --set-rpath "$libraries" \
      --set-interpreter "$libraries/ld-linux-x86-64.so.2" \
      "$root.making/$program"
  done
  mv "$root.making" "$root"
  "$root/runc" --version >/dev/null
  "$root/crun" --version >/dev/null
}

# ---------------------------------------------------------------- runc's test helpers

# They are Go programs in runc's tree; its libraries are Debian packages, laid out as a GOPATH.
make_helpers() {
  local go=$cache/go source=$cache/sources/forky/runc libraries helper
  [[ -d $cache/helpers ]] && return
  say "building runc's test helpers"
  if [[ ! -d $go ]]; then
    libraries=$(sed -n '/^Build-Depends:/,/^Build-Conflicts:/p' "$source/debian/control" |
      grep -oE 'golang-[a-z0-9.-]*-dev')
    rm -rf "$go.making"
    mkdir -p "$go.making"
    # shellcheck disable=SC2086 # a list of names
    unpack_debian forky "$go.making" golang-go $libraries
    mkdir -p "$go.making/own/src/github.com/opencontainers"
    ln -s "$source" "$go.making/own/src/github.com/opencontainers/runc"
    mv "$go.making" "$go"
  fi
  rm -rf "$cache/helpers.making"
  mkdir -p "$cache/helpers.making"
  (
    GOROOT=$(echo "$go"/usr/lib/go-*)
    export GOROOT GOPATH=$go/own:$go/usr/share/gocode GO111MODULE=off GOCACHE=$go/cache GOTOOLCHAIN=local
    cd "$go/own/src/github.com/opencontainers/runc"
    for helper in "${HELPERS[@]}"; do
      "$GOROOT/bin/go" build -buildvcs=false -tags seccomp -o "$cache/helpers.making/" "./tests/cmd/$helper"
    done
  )
  # runc's image script only asks for the name of the architecture.
  printf '#!/bin/sh\necho %s\n' "$(dpkg --print-architecture)" > "$cache/helpers.making/go"
  chmod +x "$cache/helpers.making/go"
  mv "$cache/helpers.making" "$cache/helpers"
}

# Puts the helpers and the images where the tests of one runc tree look for them.
furnish_runc() {
  local tree=$1 helper
  mkdir -p "$tree/tests/cmd"
  ln -sfn "$cache/helpers" "$tree/tests/cmd/_bin"
  for helper in "${HELPERS[@]}"; do
    [[ -d $tree/contrib/cmd/$helper ]] && ln -sf "$cache/helpers/$helper" "$tree/contrib/cmd/$helper/$helper"
  done
  ln -sf "$cache/images/busybox.tar" "$tree/tests/integration/testdata/busybox-$(dpkg --print-architecture).tar.xz"
  ln -sf "$cache/images/debian.tar" "$tree/tests/integration/testdata/debian-$(dpkg --print-architecture).tar.xz"
}

# ---------------------------------------------------------------- images

# As the image that runc's tests know: every applet in /bin, neither /proc nor /sys, no user 1000.
make_busybox_tree() {
  local root=$1 busybox applet
  busybox=$(command -v busybox)
  mkdir -p "$root"/{bin,dev,etc,home,root,tmp,usr/bin,usr/sbin,var/spool/mail,var/www}
  chmod 1777 "$root/tmp"
  chmod 700 "$root/root"
  install -m 755 "$busybox" "$root/bin/busybox"
  for applet in $("$busybox" --list); do
    [[ $applet == busybox ]] || ln "$root/bin/busybox" "$root/bin/$applet"
  done
  ln -s ../../bin/env "$root/usr/bin/env"
  printf '%s\n' 'root:x:0:0:root:/root:/bin/sh' 'daemon:x:1:1:daemon:/usr/sbin:/bin/false' \
    'www-data:x:33:33:www-data:/var/www:/bin/false' 'nobody:x:65534:65534:nobody:/home:/bin/false' \
    > "$root/etc/passwd"
  printf '%s\n' 'root:x:0:' 'daemon:x:1:' 'tty:x:5:' 'www-data:x:33:' 'nobody:x:65534:' \
    > "$root/etc/group"
}

make_images() {
  local tree
  mkdir -p "$cache/images"
  if [[ ! -e $cache/images/busybox.tar ]]; then
    tree=$(mktemp -d)
    chmod 755 "$tree"
    make_busybox_tree "$tree"
    tar -C "$tree" -cf "$cache/images/.busybox.tar" .
    rm -r "$tree"
    mv "$cache/images/.busybox.tar" "$cache/images/busybox.tar"
  fi
  if [[ ! -e $cache/images/debian.tar ]]; then
    tree=$("$here/../harness/make-rootfs.sh" debian)
    # Each test unpacks it: what no test reads is left out.
    tar -C "$tree" --exclude './usr/share/doc/*' --exclude './usr/share/man/*' \
      --exclude './usr/share/locale/*' --exclude './usr/share/zoneinfo/*' --exclude './usr/share/perl*' \
      --exclude './usr/lib/*/perl*' --exclude './usr/lib/*/gconv/*' --exclude './var/lib/dpkg/*' \
      --exclude './var/cache/*' -cf "$cache/images/.debian.tar" .
    mv "$cache/images/.debian.tar" "$cache/images/debian.tar"
  fi
}

# ---------------------------------------------------------------- crun's test program

make_crun_init() {
  local tree=$1
  [[ -x $tree/tests/init ]] && return
  : > "$tree/config.h"
  gcc -static -O1 -w -D_GNU_SOURCE -I"$tree" -o "$tree/tests/.init" "$tree/tests/init.c" -lpthread
  mv "$tree/tests/.init" "$tree/tests/init"
}

# ---------------------------------------------------------------- all of it

mkdir -p "$cache"
exec 9>"$cache/.lock"
flock 9
[[ -e $cache/.prepared && $cache/.prepared -nt ${BASH_SOURCE[0]} ]] && exit 0
install_packages
write_apt_configuration
apt_elsewhere apt-get update -qq >&2
for suite in "${SUITES[@]}"; do
  fetch_source "$suite" runc
  fetch_source "$suite" crun
done
make_peers trixie
make_peers forky
make_helpers
make_images
for suite in "${SUITES[@]}"; do
  [[ -d $cache/sources/$suite/runc ]] && furnish_runc "$cache/sources/$suite/runc"
  [[ -d $cache/sources/$suite/crun ]] && make_crun_init "$cache/sources/$suite/crun"
done
touch "$cache/.prepared"
