# What the scripts of this folder share (sourced): the sandbox that a caller runs in, the image that
# its containers are made from, and the lines of the report.
#
# The sandbox is a set of new namespaces in a cgroup of its own:
#
#   script            in a mount namespace of its own (CALLERS_APART is set): finds the runtime,
#   │                 installs packages, makes the folder and the cgroups
#   └─ unshare        mount, network, pid, ipc, uts and cgroup namespaces
#      └─ tini        pid 1: reaps what the daemons leave, at once
#         └─ script   once more (CALLERS_WORK is set): the checks
#
# So a caller finds /run, /var/lib/containers, /sys/fs/cgroup … where it expects them, and all of
# them are empty. When pid 1 has ended, no process, mount, link or firewall rule is left; the
# script then removes the folder and the cgroups, and fails where it can't. Where it is killed, those
# two are left, and no mount.

set -uo pipefail
unset CDPATH
readonly CALLERS_FOLDER=$(dirname "$(readlink -f "${BASH_SOURCE[0]}")")
readonly REPOSITORY=${CALLERS_FOLDER%/tests/conformance/callers}
# As the script was called, for when it begins again.
readonly ARGUMENTS=("$@")
readonly IMAGE=localhost/bb:1
# How long a command may take, in seconds: an emulated CPU is 10 to 20 times slower.
PATIENCE=60
[[ ${VM_RUN:-} != tcg ]] || PATIENCE=600
readonly PATIENCE
passed=0 failed=0 skipped=0

die() { echo "${0##*/}: $1" >&2; exit 1; }

# ---------------------------------------------------------------- outside of the sandbox

# The runtime that `--runtime` names: a word for $PATH, or a path. A link keeps its name, by which
# bunker knows what it is called as.
parse_runtime() {
  local runtime=$REPOSITORY/dist/bunker-oci
  while (($# > 0)); do
    case $1 in
      --runtime) (($# > 1)) || die "--runtime wants a value"; runtime=$2; shift 2 ;;
      --runtime=*) runtime=${1#*=}; shift ;;
      *) die "usage: ${0##*/} [--runtime runc|crun|PATH]" ;;
    esac
  done
  [[ $runtime == */* ]] || runtime=$(command -v "$runtime") || die "no such runtime on \$PATH"
  [[ -x $runtime ]] || die "no such runtime: $runtime (./build.sh makes dist/bunker-oci)"
  realpath -s "$runtime"
}

install_packages() {
  local package missing=()
  for package in "$@"; do
    dpkg-query -W -f '${db:Status-Status}' "$package" 2>/dev/null | grep -qx installed ||
      missing+=("$package")
  done
  ((${#missing[@]} == 0)) && return
  (
    # Race: a script beside this one may be at it, and apt's own lock does not wait for an update.
    flock 9
    apt_install "${missing[@]}" || { apt-get update -qq >&2 && apt_install "${missing[@]}"; }
  ) 9<"$CALLERS_FOLDER" || die "cannot install: ${missing[*]}"
}

# RUNLEVEL: the packages' scripts start no daemon in "single-user mode".
apt_install() {
  RUNLEVEL=1 DEBIAN_FRONTEND=noninteractive apt-get install -qq -y --no-install-recommends \
    -o DPkg::Lock::Timeout=300 "$@" </dev/null >&2
}

# Prints a line for each hierarchy of this process: CONTROLLERS FOLDER (no controllers: v2, as "-").
own_cgroups() {
  local controllers path mountpoint
  while IFS=: read -r _ controllers path; do
    mountpoint=$(cgroup_mount "$controllers") || continue
    echo "${controllers:--} ${mountpoint%/}${path%/}"
  done < /proc/self/cgroup
}

cgroup_mount() {
  if [[ -z $1 ]]; then
    findmnt -rno TARGET -t cgroup2 | head -1 | grep .
  else
    findmnt -rno TARGET,OPTIONS -t cgroup | awk -v wanted="${1##*,}" '
      index("," $2 ",", "," wanted ",") { print $1; found = 1; exit } END { exit !found }'
  fi
}

# Mounts, in a folder, the v1 hierarchies that callers would miss: those that exist but that nobody
# mounted here, as containerd looks for each one; and for crun all that v2 still has, as it refuses
# such a hybrid host.
mount_missing_cgroups() {
  local controllers unified=
  grep -q '^[0-9]*:[^:]' /proc/self/cgroup || return 0
  if [[ $2 == crun ]] && unified=$(cgroup_mount ''); then
    unified=$(< "$unified/cgroup.controllers")
  fi
  for controllers in $(cut -d: -f2 /proc/self/cgroup) $unified; do
    [[ $controllers != name=* ]] && ! cgroup_mount "$controllers" >/dev/null || continue
    mkdir -p "$1/$controllers"
    mount -t cgroup -o "$controllers" cgroup "$1/$controllers" || return
  done
}

# The folder can be removed only then.
unmount_cgroups() {
  local folder
  for folder in "$1"/*/; do
    [[ ! -d $folder ]] || umount "$folder" || return
  done
}

make_cgroups() {
  local controllers folder
  while read -r controllers folder; do
    mkdir "$folder/$1" || return
    echo "$folder/$1"
    # Kernel: a new cpuset of v1 is empty, and nothing may join it before it has these.
    [[ $controllers == *cpuset* ]] || continue
    cat "$folder/cpuset.cpus" > "$folder/$1/cpuset.cpus"
    cat "$folder/cpuset.mems" > "$folder/$1/cpuset.mems"
  done < <(own_cgroups)
}

join_cgroups() {
  local folder
  for folder in "$@"; do echo "$BASHPID" > "$folder/cgroup.procs" || return; done
}

# Runs a command in a cgroup namespace of the cgroups that this process is in.
# Kernel: a cgroup of v2 that gives controllers to its children may hold no process itself.
in_cgroup_namespace() {
  local leaf=
  if [[ $(own_cgroups) == "- "* ]]; then
    leaf=$1/init
    mkdir "$leaf" || return
  fi
  # It ends with this script, also where that is killed.
  exec setpriv --pdeathsig KILL unshare --cgroup bash -c '[[ -z $1 ]] || echo $$ > "$1/cgroup.procs"; exec "${@:2}"' - \
    "$leaf" "${@:2}"
}

# Race: where the sandbox was killed, its processes leave their cgroups a little later.
remove_cgroups() {
  local folder try code=0
  for folder in "$@"; do
    for try in {1..100}; do
      find "$folder" -depth -type d -exec rmdir {} + 2>/dev/null && continue 2
      sleep 0.1
    done
    echo "cannot remove $folder" >&2
    code=1
  done
  return "$code"
}

# Kernel: right after an umount, `rm --one-file-system` may pass over a folder without a word.
remove_folder() {
  local try
  for try in {1..20}; do
    rm -rf --one-file-system "$1" 2>/dev/null
    [[ -e $1 ]] || return 0
    sleep 0.1
  done
  rm -rf --one-file-system "$1"
}

# Begins the script again in a mount namespace of its own: what it mounts, nobody else sees, and a
# kill of it leaves nothing mounted.
isolate_mounts() {
  [[ -z ${CALLERS_APART:-} ]] || return 0
  CALLERS_APART=1 exec unshare --mount --propagation private bash "$0" "${ARGUMENTS[@]}"
}

# Runs the script again inside, and returns there only. Arguments: the packages, "--", the script's.
enter_sandbox() {
  local packages=()
  while [[ $1 != -- ]]; do packages+=("$1"); shift; done
  shift
  if [[ -n ${CALLERS_WORK:-} ]]; then furnish_sandbox; return; fi
  ((EUID == 0)) || die "root is needed"
  isolate_mounts
  local runtime work cgroups code
  runtime=$(parse_runtime "$@") || exit
  install_packages "${packages[@]}" busybox-static bsdutils iproute2 iptables jq procps tini
  work=$(mktemp -d "${TMPDIR:-/tmp}/callers.XXXXXX") || exit
  mount_missing_cgroups "$work/cgroup" "${runtime##*/}"
  mapfile -t cgroups < <(make_cgroups "${work##*/}")
  echo "# ${0##*/} on $runtime ($("$runtime" --version 2>&1 | head -1))"
  (
    join_cgroups "${cgroups[@]}" || exit
    local controllers
    controllers=$(own_cgroups | cut -d ' ' -f 1)
    in_cgroup_namespace "${cgroups[0]}" \
      env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME="$work/home" TMPDIR="$work/tmp" LANG=C.UTF-8 \
      TERM=xterm CALLERS_WORK="$work" CALLERS_CONTROLLERS="$controllers" RUNTIME="$runtime" VM_RUN="${VM_RUN:-}" SIDE_BY_SIDE="${SIDE_BY_SIDE:-}" \
      unshare --mount --net --pid --ipc --uts --fork --kill-child --propagation private \
      tini -s -- bash "$0"
  ) </dev/null &
  local sandbox=$!
  trap 'kill -KILL $sandbox 2>/dev/null' INT TERM
  wait "$sandbox"
  code=$?
  # Race: a wait that a signal ended comes before the end of the sandbox.
  wait "$sandbox" 2>/dev/null
  remove_cgroups "${cgroups[@]}" || code=1
  unmount_cgroups "$work/cgroup" || code=1
  remove_folder "$work" || code=1
  exit "$code"
}

# ---------------------------------------------------------------- inside

furnish_sandbox() {
  readonly WORK=$CALLERS_WORK
  mkdir -p "$WORK"/{home,tmp,bin,log}
  cd "$WORK/home" || die "no home"
  mount -t proc proc /proc
  # podman unmounts each mount below /sys/kernel, and fails at one that is covered.
  findmnt -rno TARGET | grep '^/sys/kernel/' | tac | xargs -r -n 1 umount --lazy
  mount -t sysfs sysfs /sys
  mount_cgroups
  mount -t tmpfs tmpfs /run
  mount -t tmpfs tmpfs /dev/shm
  mkdir -p /run/lock
  private_folder /var/lib/containers
  private_folder /var/lib/containerd
  private_folder /var/lib/docker
  hide_other_runtimes
  ip link set lo up
  hostname callers
  make_image
}

private_folder() {
  mkdir -p "$1" "$WORK/private$1"
  mount --bind "$WORK/private$1" "$1"
}

# No caller may fall back on another runtime without a word.
hide_other_runtimes() {
  local name other
  for name in runc crun; do
    other=$(command -v "$name") || continue
    [[ $other -ef $RUNTIME ]] || mount --bind /bin/false "$other"
  done
}

# Only those in which the sandbox has a cgroup of its own: a hierarchy that the host has not mounted
# would be shared with the whole machine.
mount_cgroups() {
  local controllers folder name
  if [[ $CALLERS_CONTROLLERS == - ]]; then
    mount -t cgroup2 cgroup2 /sys/fs/cgroup
    return
  fi
  # The host's, and those of scripts beside this one, are still to be seen in this mount namespace,
  # and a runtime takes the first of two.
  findmnt -rno TARGET -t cgroup,cgroup2 | tac | while read -r folder; do
    umount --lazy "$folder" 2>/dev/null
  done
  mount -t tmpfs -o mode=755 tmpfs /sys/fs/cgroup
  for controllers in $CALLERS_CONTROLLERS; do
    folder=/sys/fs/cgroup/${controllers#name=}
    case $controllers in
      -) folder=/sys/fs/cgroup/unified; mkdir "$folder"; mount -t cgroup2 cgroup2 "$folder" ;;
      name=*) mkdir "$folder"; mount -t cgroup -o "none,$controllers" cgroup "$folder" ;;
      *) mkdir "$folder"; mount -t cgroup -o "$controllers" cgroup "$folder" ;;
    esac
    [[ $controllers == *,* ]] || continue
    for name in ${controllers//,/ }; do ln -s "$controllers" "/sys/fs/cgroup/$name"; done
  done
}

# $WORK/image.tar: busybox, as `docker save` would have written it; all the callers load it.
make_image() {
  local root=$WORK/image/root applet
  mkdir -p "$root"/{bin,etc,tmp,root,proc,sys,dev,home}
  chmod 1777 "$root/tmp"
  install -m 755 /bin/busybox "$root/bin/busybox"
  for applet in $(/bin/busybox --list); do
    [[ $applet == busybox ]] || ln -s busybox "$root/bin/$applet"
  done
  printf '%s\n' 'root:x:0:0:root:/root:/bin/sh' 'www:x:33:33:www:/home:/bin/sh' > "$root/etc/passwd"
  printf '%s\n' 'root:x:0:' 'www:x:33:' 'staff:x:50:www' > "$root/etc/group"
  tar -C "$root" --numeric-owner --owner=0 --group=0 -cf "$WORK/image/layer.tar" .
  pack_image "$IMAGE" '["sh"]' "$WORK/image.tar"
}

# Arguments: the image's name, its command as JSON, the archive to make.
pack_image() {
  local layer config
  layer=$(sha256sum < "$WORK/image/layer.tar")
  jq -n --arg layer "sha256:${layer%% *}" --argjson command "$2" '{
    architecture: "amd64", os: "linux", created: "2024-01-01T00:00:00Z",
    config: { Cmd: $command, Env: ["PATH=/bin"] },
    rootfs: { type: "layers", diff_ids: [$layer] },
    history: [{ created: "2024-01-01T00:00:00Z", created_by: "busybox" }]
  }' > "$WORK/image/config.json"
  config=$(sha256sum < "$WORK/image/config.json")
  config=${config%% *}.json
  mv "$WORK/image/config.json" "$WORK/image/$config"
  jq -n --arg config "$config" --arg image "$1" \
    '[{ Config: $config, RepoTags: [$image], Layers: ["layer.tar"] }]' > "$WORK/image/manifest.json"
  tar -C "$WORK/image" -cf "$3" manifest.json "$config" layer.tar
}

# Starts a daemon with its output in a log; its pid is in $daemon.
start_daemon() {
  local name=$1
  shift
  "$@" </dev/null >"$WORK/log/$name" 2>&1 &
  daemon=$!
}

# Waits until a command succeeds, N seconds at most where nothing else keeps the machine busy.
wait_until() {
  local seconds=$(($1 * PATIENCE / 20))
  local end=$((SECONDS + seconds))
  shift
  until "$@" >/dev/null 2>&1; do
    ((SECONDS < end)) || { echo "still not so after $seconds s: $*"; return 1; }
    sleep 0.2
  done
}

# ---------------------------------------------------------------- the report

# A check is a title and a command, or a function of several (the first that fails ends it).
check() {
  local title=$1 output code
  shift
  output=$(set -e; "$@" 2>&1)
  code=$?
  if ((code == 0)); then
    ((++passed))
    echo "ok    $title"
  else
    ((++failed))
    echo "FAIL  $title"
    tail -n 12 <<<"${output:-(no output, exit code $code)}" | cut -c 1-400 | sed 's/^/      | /'
  fi
}

skip() { ((++skipped)); echo "skip  $1: $2"; }

finish() {
  echo "$passed passed, $failed failed, $skipped skipped"
  ((failed == 0 && passed > 0))
  exit
}

# Matchers: each runs a command, and says what it got where that is not what was wanted.
prints() {
  local wanted=$1 got code=0
  shift
  got=$(timeout -k 5 "$PATIENCE" "$@") || code=$?
  got=${got//$'\r'/}
  ((code == 0)) || { echo "exit code $code: $*"; echo "$got"; return 1; }
  [[ $got == $wanted ]] || { echo "wanted: $wanted"; echo "got: $got"; return 1; }
}

exits() {
  local wanted=$1 code=0
  shift
  timeout -k 5 "$PATIENCE" "$@" || code=$?
  ((code == wanted)) || { echo "wanted exit code $wanted, got $code: $*"; return 1; }
}

# The command fails with this code, and says this text (patterns both; runtimes differ in capitals).
refuses() {
  local wanted=$1 text=$2 code=0 got
  shift 2
  got=$(timeout -k 5 "$PATIENCE" "$@" 2>&1) || code=$?
  [[ $code == $wanted ]] || { echo "wanted exit code $wanted, got $code: $*"; echo "$got"; return 1; }
  [[ ${got,,} == *${text,,}* ]] || { echo "wanted: $text"; echo "got: $got"; return 1; }
}

# A command (for the matchers, which run no functions): runs another on a terminal of its own.
readonly ON_TERMINAL=(bash -c 'script -qefc "$(printf "%q " "$@")" /dev/null' -)

# ---------------------------------------------------------------- what is left

# Everything in which a container could leave something: its cgroups, mounts and processes.
list_traces() {
  find /sys/fs/cgroup -mindepth 2 -type d | sort
  awk '{ print $5 }' /proc/self/mountinfo | sort
  find /run/bunker /run/runc /run/crun -mindepth 2 2>/dev/null | sort
}

# Takes what is there now as nothing.
remember_traces() { list_traces > "$WORK/traces"; }

leaves_nothing() {
  local left try
  # Race: what a caller removes in the background is gone a little later.
  for try in {1..25}; do
    left=$(list_traces | comm -13 "$WORK/traces" - | grep -vE "${1:-^$}") || return 0
    sleep 0.2
  done
  echo "left: $left"
  return 1
}

# ---------------------------------------------------------------- what this machine can

has_every_capability() {
  local effective last
  effective=$(awk '/^CapEff:/ { print $2 }' /proc/self/status)
  last=$(< /proc/sys/kernel/cap_last_cap)
  ((16#$effective == (1 << (last + 1)) - 1))
}
