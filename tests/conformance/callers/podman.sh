#!/usr/bin/env bash
# podman on the runtime: podman.sh [--runtime runc|crun|PATH]
source "$(dirname "$(readlink -f "${BASH_SOURCE[0]}")")/common.sh"
enter_sandbox podman conmon netavark -- "$@"

# podman's own limits are above what root has without CAP_SYS_RESOURCE.
readonly LIMITS=(--ulimit nofile=1024:1024 --ulimit nproc=4096:4096)
podman=(podman --runtime "$RUNTIME" --cgroup-manager cgroupfs --events-backend file)

run() { timeout -k 5 "$PATIENCE" "${podman[@]}" "$@"; }
start_container() {
  local name=$1 network=none
  [[ $2 != --network=* ]] || { network=${2#*=}; shift; }
  run run -d --name "$name" --network "$network" "${LIMITS[@]}" "${@:2}"
}
inspect() { run inspect -f "$1" "$2"; }
state_is() { prints "$2" "${podman[@]}" inspect -f '{{.State.Status}}' "$1"; }

run load -q -i "$WORK/image.tar" >/dev/null || die "podman cannot load the image"
run run --rm --network none "${LIMITS[@]}" $IMAGE true >/dev/null 2>&1
remember_traces
once=("${podman[@]}" run --rm --network none "${LIMITS[@]}")

check "podman info names the runtime's version" \
  prints "*[0-9].[0-9]*" "${podman[@]}" info -f '{{.Host.OCIRuntime.Version}}'
check "run prints what the program wrote" prints hi "${once[@]}" $IMAGE echo hi
check "run returns the program's exit code" exits 7 "${once[@]}" $IMAGE sh -c 'exit 7'
check "run of a missing program returns 127" exits 127 "${once[@]}" $IMAGE /nonexistent
check "run of a file that is not executable returns 126" exits 126 "${once[@]}" $IMAGE /etc/passwd
check "run -i hands stdin on" prints hello bash -c 'echo hello | "$@"' - "${once[@]}" -i $IMAGE cat
check "run -t gives the program a terminal" prints '/dev/pts/*' "${once[@]}" -t $IMAGE tty
check "run -it works from a terminal" prints '*/dev/pts/*' "${ON_TERMINAL[@]}" "${once[@]}" -it $IMAGE \
  sh -c "tty; sleep 1"
check "run --user, --workdir, --env and --hostname reach the program" \
  prints '33:33 /tmp b box' "${once[@]}" --user 33:33 -w /tmp -e A=b -h box $IMAGE \
  sh -c 'echo $(id -u):$(id -g) $PWD $A $(hostname)'
check "run --read-only, --cap-drop ALL and no-new-privileges hold" \
  prints '*CapEff:*0000000000000000*NoNewPrivs:*1*read-only' "${once[@]}" --read-only \
  --cap-drop ALL --security-opt no-new-privileges $IMAGE \
  sh -c 'grep -E "CapEff|NoNewPrivs" /proc/self/status; touch /x 2>/dev/null || echo read-only'
check "run -v and --tmpfs mount" prints 'there rw' \
  "${once[@]}" -v "$WORK/image:/image:ro" --tmpfs /scratch $IMAGE \
  sh -c 'test -e /image/manifest.json && touch /scratch/x && ! touch /image/x 2>/dev/null && echo there rw'
check "run --tmpfs with a mode, where the image has no such folder" \
  prints 'drwx------*' "${once[@]}" --tmpfs /new:mode=700 $IMAGE ls -ld /new
check "run --user lets the program open /dev/stdout" \
  prints out "${once[@]}" --user 33 $IMAGE sh -c 'echo out > /dev/stdout'
check "run with too little memory says so" \
  refuses 126 memory "${once[@]}" --memory 1k $IMAGE true
check "run --pid host sees the processes of the host" \
  prints '*tini*' "${once[@]}" --pid host $IMAGE sh -c 'cat /proc/1/cmdline'
check "run --preserve-fds hands descriptors on" prints passed \
  bash -c '"$@" 3<<<passed' - "${once[@]}" --preserve-fds 1 $IMAGE sh -c 'cat <&3'
check "run --init starts podman's init" prints '*podman-init*' "${once[@]}" --init \
  --init-path /usr/bin/tini-static $IMAGE cat /proc/1/cmdline
check "run --userns maps the ids" prints '*0*100000*1000*' "${once[@]}" --uidmap 0:100000:1000 \
  --gidmap 0:100000:1000 $IMAGE cat /proc/self/uid_map
check "run with podman's default seccomp profile filters" prints '*Seccomp:?2*' \
  "${once[@]}" $IMAGE grep Seccomp: /proc/self/status

has_memory_limit() {
  local pid group
  pid=$(inspect '{{.State.Pid}}' "$1")
  group=$(awk -F: '$2 == "memory" { print $3 }' "/proc/$pid/cgroup")
  if [[ -n $group ]]; then
    prints "$2" cat "/sys/fs/cgroup/memory$group/memory.limit_in_bytes"
  else
    prints "$2" cat "/sys/fs/cgroup$(cut -d: -f3 "/proc/$pid/cgroup")/memory.max"
  fi
}
detached() {
  start_container c1 --memory 64m --pids-limit 50 $IMAGE \
    sh -c 'trap "echo usr1" USR1; echo started; while :; do sleep 0.1; done'
  state_is c1 running
  has_memory_limit c1 $((64 << 20))
}
check "run -d starts a container, with --memory and --pids-limit" detached
check "exec runs a program in it" prints in-exec "${podman[@]}" exec c1 echo in-exec
check "exec -e -w -u reach the program" prints 'b /tmp 33' \
  "${podman[@]}" exec -e A=b -w /tmp -u 33:33 c1 sh -c 'echo $A $PWD $(id -u)'
check "exec -i hands stdin on" prints hello \
  bash -c 'echo hello | "$@"' - "${podman[@]}" exec -i c1 cat
check "exec -t gives it a terminal" prints '/dev/pts/*' "${podman[@]}" exec -t c1 tty
check "exec -it works from a terminal" \
  prints '*/dev/pts/*' "${ON_TERMINAL[@]}" "${podman[@]}" exec -it c1 tty
check "exec returns the exit code" exits 5 "${podman[@]}" exec c1 sh -c 'exit 5'
check "exec of a missing program returns 127" exits 127 "${podman[@]}" exec c1 /nonexistent
check "exec of a file that is not executable returns 126" \
  exits 126 "${podman[@]}" exec c1 /etc/passwd
executed_in_background() {
  run exec -d c1 sh -c 'echo yes > /tmp/background'
  wait_until 10 run exec c1 test -s /tmp/background
}
check "exec -d returns while the program runs" executed_in_background
check "logs shows what it wrote" prints '*started*' "${podman[@]}" logs c1
check "top lists its processes" prints '*PID*sleep*' "${podman[@]}" top c1
check "top with ps' options lists them" prints '*PID*sh*' "${podman[@]}" top c1 pid comm
check "stats shows its memory" prints '*B / 67.11MB*' \
  "${podman[@]}" stats --no-stream --format '{{.MemUsage}}' c1
paused() {
  run pause c1
  state_is c1 paused
  run unpause c1
  state_is c1 running
}
check "pause and unpause" paused
updated() { run container update --memory 80m c1; has_memory_limit c1 $((80 << 20)); }
check "update --memory takes effect at once" updated
signalled() { run kill -s USR1 c1; wait_until 10 bash -c '"$@" | grep usr1' - "${podman[@]}" logs c1; }
check "kill -s USR1 reaches the program" signalled
restarted() { run restart -t 1 c1; state_is c1 running; }
check "restart" restarted
stopped() { run stop -t 1 c1; state_is c1 exited; prints 137 "${podman[@]}" inspect -f '{{.State.ExitCode}}' c1; }
check "stop -t 1 of a program that ignores TERM" stopped
killed() { run start c1; run kill c1; wait_until 10 state_is c1 exited; run rm c1; }
check "start, kill and rm" killed
initialized() {
  run create --name c2 --network none "${LIMITS[@]}" $IMAGE sleep 100
  run init c2
  state_is c2 initialized
  run start c2
  state_is c2 running
  run rm -f -t 0 c2
}
check "create, init, start and rm -f" initialized
waited() {
  start_container c3 $IMAGE sh -c 'exit 3'
  prints 3 "${podman[@]}" wait c3
  run rm c3
}
check "wait returns the exit code" waited
healthy() {
  start_container c4 --health-cmd 'test -e /etc/passwd' --health-interval disable $IMAGE sleep 100
  run healthcheck run c4
  run rm -f -t 0 c4
}
check "healthcheck run" healthy
podded() {
  run pod create --name p1 --infra=false
  run run -d --pod p1 --name c5 --network none "${LIMITS[@]}" $IMAGE sleep 100
  run run -d --pod p1 --name c6 --network container:c5 --pid container:c5 --ipc container:c5 \
    "${LIMITS[@]}" $IMAGE sleep 100
  [[ $(run exec c5 readlink /proc/self/ns/net) == "$(run exec c6 readlink /proc/self/ns/net)" ]]
  prints '*sleep 100*sleep 100*' "${podman[@]}" exec c6 ps
  run pod rm -f -t 0 p1
}
check "a pod, and a container in the namespaces of another" podded
bridged() {
  start_container c7 --network=podman $IMAGE httpd -f -p 8080 -h /etc
  local address
  address=$(inspect '{{.NetworkSettings.IPAddress}}' c7)
  wait_until 5 busybox wget -qO- "http://$address:8080/group"
  prints '*staff*' "${podman[@]}" run --rm --network podman "${LIMITS[@]}" $IMAGE \
    wget -qO- "http://$address:8080/group"
  run rm -f -t 0 c7
}
check "--network podman: two containers reach each other over a bridge" bridged
if criu check >/dev/null 2>&1; then
  checkpointed() {
    start_container c8 $IMAGE sleep 100
    run container checkpoint c8
    run container restore c8
    state_is c8 running
    run rm -f -t 0 c8
  }
  check "container checkpoint and restore" checkpointed
else
  skip "container checkpoint and restore" "criu check fails on this kernel, or criu is not installed"
fi

# conmon asks for errors as JSON where the runtime has a name that it knows.
ln -s "$RUNTIME" "$WORK/bin/runc"
known=(podman --runtime "$WORK/bin/runc" --cgroup-manager cgroupfs --events-backend file)
known_once=("${known[@]}" run --rm --network none "${LIMITS[@]}")
check "called runc: run" prints hi "${known_once[@]}" $IMAGE echo hi
check "called runc: run of a missing program returns 127" \
  refuses 127 'no such file or directory' "${known_once[@]}" $IMAGE /nonexistent
check "called runc: run of a file that is not executable returns 126" \
  refuses 126 'permission denied' "${known_once[@]}" $IMAGE /etc/passwd

run rm -af -t 0 >/dev/null 2>&1
check "nothing is left: no cgroup, mount or state" leaves_nothing
finish
