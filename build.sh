#!/usr/bin/env bash
# Builds, runs and tests bunker on a Debian machine that has Node 20 and npm.
set -euo pipefail
shopt -s inherit_errexit
cd "$(dirname "$(readlink -f "${BASH_SOURCE[0]}")")"
export PATH="$PWD/node_modules/.bin:$PATH"

usage() {
  cat <<'USAGE'
usage: ./build.sh                 build dist/bunker for this machine, and dist/bunker.1
       ./build.sh --all           build every release binary, and dist/SHA256SUMS
       ./build.sh run [ARG...]    build, then a shell in a container, or `bunker run ARG...`
       ./build.sh test [FILTER]   install what the tests need, build, run all tests
                                  (or those whose file name contains FILTER)
       ./build.sh test --vm [FILTER]   the same in virtual machines alone, without leaving any out
       ./build.sh clean           remove dist/
USAGE
}

# Release binaries: the suffix of the file, and the npm package with Bun for that platform.
# Bun itself would fetch these past npm's settings (registry, proxy, offline cache).
readonly RELEASES=(
  "linux-x64 @oven/bun-linux-x64"
  "linux-x64-baseline @oven/bun-linux-x64-baseline"
  "linux-arm64 @oven/bun-linux-aarch64"
  "linux-x64-musl @oven/bun-linux-x64-musl"
  "linux-arm64-musl @oven/bun-linux-aarch64-musl"
)

# Security: a root tool must not obey a .env or bunfig.toml of the folder that it is called in.
# Start-up: code that runs once is not worth compiling, so the JIT starts 100 times later.
readonly COMPILE=(
  --compile --minify --bytecode --format=esm --splitting --compile-jit-policy=100
  --no-compile-autoload-dotenv --no-compile-autoload-bunfig
  --no-compile-autoload-tsconfig --no-compile-autoload-package-json
)

die() { echo "build.sh: $1" >&2; exit 1; }
say() { echo "build.sh: $1" >&2; }

# Runs a command as root: with sudo where this is not root already.
as_root() {
  if ((EUID == 0)); then "$@"; return; fi
  command -v sudo >/dev/null || die "root is needed, and sudo is not installed: $*"
  sudo "$@"
}

# ---------------------------------------------------------------- building

install_packages() {
  local lock=node_modules/.package-lock.json
  if [[ ! -e $lock || package-lock.json -nt $lock ]]; then
    command -v npm >/dev/null || die "npm is not installed: install Node 20 with npm"
    say "installing the npm packages"
    npm ci --no-audit --no-fund --loglevel=error >&2
    touch "$lock"
  fi
  # Where npm runs no install scripts, `bun` is only a note that says so.
  bun --version >/dev/null 2>&1 || node node_modules/bun/install.js >&2
  bun --version >/dev/null || die "the npm package bun does not start on this machine"
}

# One line that changes with anything that goes into the executables.
fingerprint() {
  {
    echo "${COMPILE[*]}"
    find mod.ts package.json package-lock.json tsconfig.json src ffi cgroups network fs \
      -type f -print0 | sort -z | xargs -0 sha256sum
  } | sha256sum
}

is_current() { [[ -e $1 && -e dist/.built/$2 && $(<"dist/.built/$2") == "$current" ]]; }

# Race: another bunker may be running from the file, so the new one takes its name when whole.
compile() {
  local name=$1 file=$2
  shift 2
  bun build "${COMPILE[@]}" "$@" --outfile="dist/.$name.linked" mod.ts >&2
  rm -f "dist/.$name.new"
  bun src/build/finish-executable.ts "dist/.$name.linked" "dist/.$name.new"
  rm "dist/.$name.linked"
  mv "dist/.$name.new" "$file"
  echo "$current" > "dist/.built/$name"
}

check_types() { bun check --no-script mod.ts >&2; }

build() {
  install_packages
  mkdir -p dist/.built
  current=$(fingerprint)
  is_current dist/bunker bunker && return
  check_types
  compile bunker dist/bunker
  dist/bunker man > dist/bunker.1
  ln -sfn bunker dist/bunker-oci
}

# Prints the path of Bun for another platform, from its npm package of the same version.
fetch_bun() {
  local package=$1 version folder
  version=$(bun --version)
  folder=.cache/bun-$version/${package#@oven/}
  if [[ ! -x $folder/bun ]]; then
    rm -rf "$folder.new"
    mkdir -p "$folder.new"
    npm pack --silent --pack-destination "$folder.new" "$package@$version" >/dev/null
    tar -xzf "$folder.new"/*.tgz -C "$folder.new" --strip-components=2 package/bin/bun
    rm "$folder.new"/*.tgz
    mv "$folder.new" "$folder"
  fi
  echo "$folder/bun"
}

build_all() {
  build
  local release suffix package base changed=
  for release in "${RELEASES[@]}"; do
    read -r suffix package <<<"$release"
    is_current "dist/bunker-$suffix" "bunker-$suffix" && continue
    base=$(fetch_bun "$package")
    compile "bunker-$suffix" "dist/bunker-$suffix" \
      --target="bun-$suffix" --compile-executable-path="$base"
    changed=yes
  done
  [[ -e dist/SHA256SUMS && -z $changed ]] && return
  (cd dist && sha256sum bunker-linux-* > .SHA256SUMS.new && mv .SHA256SUMS.new SHA256SUMS)
}

# ---------------------------------------------------------------- running

run() {
  build
  if (($# == 0)); then
    set -- --rm -i
    # Without a terminal on stdin the shell reads its commands from there.
    [[ -t 0 ]] && set -- "$@" -t
    set -- "$@" /bin/sh
  fi
  as_root dist/bunker run "$@"
}

# ---------------------------------------------------------------- testing

readonly TEST_PACKAGES=(
  bind9-dnsutils binutils binutils-aarch64-linux-gnu busybox-static containernetworking-plugins
  crun debootstrap gcc groff-base iperf3 iproute2 iptables jq libc6-arm64-cross libc6-dev nftables procps
  qemu-user-static runc socat strace tmux uidmap util-linux
)
readonly DENO_VERSION=2.9.6

install_test_packages() {
  local missing=() package
  for package in "${TEST_PACKAGES[@]}"; do
    dpkg-query -W -f '${db:Status-Status}' "$package" 2>/dev/null | grep -qx installed ||
      missing+=("$package")
  done
  if ((${#missing[@]} > 0)); then
    say "installing Debian packages: ${missing[*]}"
    apt_install "${missing[@]}" || { as_root apt-get update -qq >&2 && apt_install "${missing[@]}"; }
  fi
  command -v deno >/dev/null && deno --version >/dev/null 2>&1 && return
  say "installing deno"
  npm install --no-save --no-audit --no-fund --loglevel=error "deno@$DENO_VERSION" >&2
  deno --version >/dev/null 2>&1 || node node_modules/deno/install.cjs >&2
}

apt_install() {
  as_root env DEBIAN_FRONTEND=noninteractive apt-get install -qq -y --no-install-recommends "$@" \
    </dev/null >&2
}

run_tests() {
  install_packages
  install_test_packages
  build_all
  # The trees that the tests stand on; made as root, as they contain other users' files.
  local tree
  for tree in busybox debian; do
    as_root env ${BUNKER_TEST_CACHE:+BUNKER_TEST_CACHE="$BUNKER_TEST_CACHE"} \
      tests/harness/make-rootfs.sh "$tree" >/dev/null
  done
  bun tests/run.ts "$@" </dev/null
}

case ${1:-} in
  '') build ;;
  --all) build_all ;;
  run) shift; run "$@" ;;
  test) shift; run_tests "$@" ;;
  clean) rm -rf dist ;;
  -h | --help) usage ;;
  *) usage >&2; exit 2 ;;
esac
