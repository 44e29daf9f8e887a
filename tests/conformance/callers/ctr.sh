#!/usr/bin/env bash
# containerd's shim and ctr on the runtime: ctr.sh [--runtime runc|crun|PATH]
source "$(dirname "$(readlink -f "${BASH_SOURCE[0]}")")/common.sh"
enter_sandbox containerd -- "$@"

printf '%s\n' 'version = 2' 'disabled_plugins = ["io.containerd.grpc.v1.cri"]' > "$WORK/containerd.toml"
start_daemon containerd containerd --config "$WORK/containerd.toml" --log-level warn
ctr() { timeout -k 5 "$PATIENCE" ctr "$@"; }
wait_until 20 ctr version || die "containerd does not start: $(tail -3 "$WORK/log/containerd")"
ctr image import --no-unpack "$WORK/image.tar" >/dev/null || die "ctr cannot import the image"

readonly RUNTIME_FLAGS=(--runtime io.containerd.runc.v2 --runc-binary "$RUNTIME"
  --snapshotter native)
once=(ctr run "${RUNTIME_FLAGS[@]}" --rm)
"${once[@]}" $IMAGE r0 true >/dev/null 2>&1
remember_traces
start_container() { ctr run "${RUNTIME_FLAGS[@]}" -d "${@:2}" $IMAGE "$1" sh -c "$PROGRAM"; }
readonly PROGRAM='trap "echo usr1 >> /signals" USR1; while :; do sleep 0.1; done'
status_is() { ctr task ls | grep -qE "^$1 +[0-9]+ +$2"; }

check "run prints what the program wrote" prints hi "${once[@]}" $IMAGE r1 echo hi
check "run returns the program's exit code" exits 7 "${once[@]}" $IMAGE r2 sh -c 'exit 7'
check "run -t gives the program a terminal" \
  prints '*/dev/*' "${ON_TERMINAL[@]}" "${once[@]}" -t $IMAGE r3 sh -c 'tty; sleep 1'
check "run of a missing program fails, and says so" \
  refuses 1 'OCI runtime create failed*nonexistent*no such file or directory' \
  "${once[@]}" $IMAGE r4 /nonexistent
check "run of a file that is not executable fails, and says so" \
  refuses 1 'OCI runtime create failed*permission denied' "${once[@]}" $IMAGE r5 /etc/passwd
check "run --cwd, --env and --read-only reach the program" \
  prints '/tmp b read-only' "${once[@]}" --cwd /tmp --env A=b --read-only $IMAGE r6 \
  sh -c 'echo $PWD $A $(touch /x 2>/dev/null || echo read-only)'
check "run --mount binds" prints there \
  "${once[@]}" --mount "type=bind,src=$WORK/image,dst=/image,options=rbind:ro" $IMAGE r7 \
  sh -c 'test -e /image/manifest.json && ! touch /image/x 2>/dev/null && echo there'
check "run --net-host shares the host's network" \
  prints "net:?$(stat -Lc %i /proc/self/ns/net)?" "${once[@]}" --net-host $IMAGE r8 readlink /proc/self/ns/net
check "run --with-ns joins a namespace by its path" prints "uts:?$(stat -Lc %i /proc/1/ns/uts)?" \
  "${once[@]}" --with-ns uts:/proc/1/ns/uts $IMAGE r9 readlink /proc/self/ns/uts
check "run --seccomp filters" prints '*Seccomp:?2*' \
  "${once[@]}" --seccomp $IMAGE r10 grep Seccomp: /proc/self/status
own_root() {
  prints hi "${once[@]}" --runc-root "$WORK/state" $IMAGE r11 echo hi
  [[ -d $WORK/state/default ]]
  [[ -z $(ls "$WORK/state/default") ]]
}
check "run --runc-root puts the state elsewhere, and removes it" own_root
check "run --cgroup and --memory-limit limit it" prints '*67108864*' \
  "${once[@]}" --cgroup /ctr-test --memory-limit $((64 << 20)) \
  --mount type=bind,src=/sys/fs/cgroup,dst=/cg,options=rbind:ro $IMAGE r12 \
  sh -c 'cat /cg/memory/ctr-test/memory.limit_in_bytes /cg/ctr-test/memory.max 2>/dev/null; true'

started() { start_container c1; status_is c1 RUNNING; }
check "run -d starts a task" started
check "task exec runs a program in it" \
  prints in-exec ctr task exec --exec-id e1 c1 echo in-exec
check "task exec hands stdin on" \
  prints hello bash -c 'echo hello | "$@"' - ctr task exec --exec-id e2 c1 cat
check "task exec -t gives it a terminal" \
  prints '*/dev/*' "${ON_TERMINAL[@]}" ctr task exec -t --exec-id e3 c1 sh -c 'tty; sleep 1'
check "task exec --user and --cwd reach the program" \
  prints '33 /tmp' ctr task exec --exec-id e4 --user 33:33 --cwd /tmp c1 sh -c 'echo $(id -u) $PWD'
check "task exec returns the exit code" exits 5 ctr task exec --exec-id e5 c1 sh -c 'exit 5'
check "task exec of a missing program fails, and says so" \
  refuses 1 'OCI runtime exec failed*no such file or directory' \
  ctr task exec --exec-id e6 c1 /nonexistent
in_background() {
  ctr task exec -d --exec-id e7 c1 sh -c 'echo yes > /background'
  wait_until 10 ctr task exec --exec-id e8 c1 test -s /background
}
check "task exec -d returns while the program runs" in_background
check "task ps lists the processes" prints 'PID*[0-9]*' ctr task ps c1
check "task metrics reads its cgroup" prints '*memory*[1-9]*' ctr task metrics c1
paused() {
  ctr task pause c1
  status_is c1 PAUSED
  ctr task resume c1
  status_is c1 RUNNING
}
check "task pause and resume" paused
signalled() {
  ctr task kill -s USR1 c1
  wait_until 10 ctr task exec --exec-id "s$RANDOM" c1 grep usr1 /signals
}
check "task kill -s USR1 reaches the program" signalled
signalled_all() { ctr task kill -a -s CONT c1; status_is c1 RUNNING; }
check "task kill -a reaches every process" signalled_all
removed() {
  ctr task kill -s KILL c1
  wait_until 10 status_is c1 STOPPED
  ctr task delete c1 || true
  ctr c rm c1
}
check "task kill -s KILL, task delete and container rm" removed
forced() {
  start_container c2
  ctr task delete --force c2 || true
  ctr c rm c2
}
check "task delete --force of a running task" forced
if criu check >/dev/null 2>&1; then
  checkpointed() {
    start_container c4
    ctr task checkpoint c4
    ctr task delete --force c4 || true
    ctr c rm c4
  }
  check "task checkpoint" checkpointed
else
  skip "task checkpoint" "criu check fails on this kernel, or criu is not installed"
fi

concurrent() {
  local number pids=() pid
  for number in {1..8}; do
    "${once[@]}" $IMAGE "p$number" sh -c "exit $number" &
    pids+=($!)
  done
  for number in {1..8}; do
    local code=0
    wait "${pids[number - 1]}" || code=$?
    ((code == number))
  done
}
check "eight containers at once" concurrent

check "nothing is left: no cgroup, mount or state" leaves_nothing '^/run/containerd'
kill "$daemon"; wait "$daemon"
finish
