#!/usr/bin/env bash
# dockerd and the docker command on the runtime: docker.sh [--runtime runc|crun|PATH]
source "$(dirname "$(readlink -f "${BASH_SOURCE[0]}")")/common.sh"
enter_sandbox docker.io containerd -- "$@"

start_daemon dockerd dockerd --add-runtime "tested=$RUNTIME" --default-runtime tested \
  --exec-opt native.cgroupdriver=cgroupfs --log-level warn --shutdown-timeout 2
wait_until 30 docker version || die "dockerd does not start: $(tail -5 "$WORK/log/dockerd")"
# The old builder: the newer one is a plugin, and a program of its own.
export DOCKER_BUILDKIT=0
docker() { timeout -k 5 "$PATIENCE" docker "$@"; }
docker load -q -i "$WORK/image.tar" >/dev/null || die "docker cannot load the image"

readonly ONCE=(docker run --rm --network none)
"${ONCE[@]}" $IMAGE true >/dev/null 2>&1
remember_traces
start_container() { docker run -d --name "$1" --network none "${@:2}"; }
inspect() { docker inspect -f "$1" "$2"; }
state_is() { prints "$2" docker inspect -f '{{.State.Status}}' "$1"; }

check "info names the runtime as the default" \
  prints 'tested *tested*' docker info -f '{{.DefaultRuntime}} {{.Runtimes}}'
check "info knows the runtime's version" prints '?*' docker info -f '{{.RuncCommit.ID}}'
check "run prints what the program wrote" prints hi "${ONCE[@]}" $IMAGE echo hi
check "run returns the program's exit code" exits 7 "${ONCE[@]}" $IMAGE sh -c 'exit 7'
check "run of a missing program returns 127" \
  refuses 127 'no such file or directory' "${ONCE[@]}" $IMAGE /nonexistent
check "run of a program that is not on PATH returns 127" \
  refuses 127 'executable file not found' "${ONCE[@]}" $IMAGE nonexistent
check "run of a file that is not executable returns 126" \
  refuses 126 'permission denied' "${ONCE[@]}" $IMAGE /etc/passwd
check "run of a folder returns 126" refuses 126 'permission denied' "${ONCE[@]}" $IMAGE /bin
check "run of a program without a name returns 127" \
  refuses 127 'executable file not found' "${ONCE[@]}" $IMAGE ''
check "run -i hands stdin on" \
  prints hello bash -c 'echo hello | "$@"' - "${ONCE[@]}" -i $IMAGE cat
check "run -t gives the program a terminal" prints '/dev/*' "${ONCE[@]}" -t $IMAGE tty
check "run -it works from a terminal" prints '*/dev/*' \
  "${ON_TERMINAL[@]}" "${ONCE[@]}" -it $IMAGE sh -c 'tty; sleep 1'
check "run -u, -w, -e, -h and --group-add reach the program" \
  prints '33 33 50 60 /tmp b box' "${ONCE[@]}" -u www --group-add 60 -w /tmp -e A=b -h box $IMAGE \
  sh -c 'echo $(id -u) $(id -G) $PWD $A $(hostname)'
check "run -u lets the program open /dev/stdout and /dev/stderr" \
  prints out "${ONCE[@]}" -u 33 $IMAGE sh -c 'echo out > /dev/stdout; echo > /dev/stderr'
check "run --read-only, --cap-drop ALL and no-new-privileges hold" \
  prints '*CapEff:*0000000000000000*NoNewPrivs:*1*read-only' "${ONCE[@]}" --read-only \
  --tmpfs /scratch --cap-drop ALL --security-opt no-new-privileges $IMAGE \
  sh -c 'grep -E "CapEff|NoNewPrivs" /proc/self/status; touch /x 2>/dev/null || echo read-only'
check "run --cap-add and --cap-drop give and take a capability" prints '*00000000a20405fb' \
  "${ONCE[@]}" --cap-add SYS_TIME --cap-drop MKNOD --cap-drop NET_RAW $IMAGE \
  grep CapEff /proc/self/status
check "run with docker's default seccomp profile filters" \
  prints '*Seccomp:?2*' "${ONCE[@]}" $IMAGE grep Seccomp: /proc/self/status
check "run --security-opt seccomp=unconfined does not" prints '*Seccomp:?0*' \
  "${ONCE[@]}" --security-opt seccomp=unconfined $IMAGE grep Seccomp: /proc/self/status
check "run -v, --mount and --tmpfs mount" prints 'there rw' \
  "${ONCE[@]}" -v "$WORK/image:/image:ro" --mount type=volume,src=v1,dst=/volume --tmpfs /scratch \
  $IMAGE sh -c 'test -e /image/manifest.json && touch /scratch/x /volume/x &&
    ! touch /image/x 2>/dev/null && echo there rw'
check "run --device makes a device" prints '1 5' \
  "${ONCE[@]}" --device /dev/zero:/dev/nil $IMAGE stat -c '%t %T' /dev/nil
check "run --sysctl and --ulimit take effect" prints '1024 100' "${ONCE[@]}" \
  --sysctl net.ipv4.ip_local_reserved_ports=100 --ulimit nofile=1024:1024 $IMAGE \
  sh -c 'echo $(ulimit -n) $(cat /proc/sys/net/ipv4/ip_local_reserved_ports)'
check "run --init starts docker's init" prints '*docker-init*' \
  "${ONCE[@]}" --init $IMAGE cat /proc/1/cmdline
check "run --pid host and --ipc host share the namespaces" \
  prints "pid:?$(stat -Lc %i /proc/1/ns/pid)? ipc:?$(stat -Lc %i /proc/1/ns/ipc)?" \
  "${ONCE[@]}" --pid host --ipc host $IMAGE \
  sh -c 'echo $(readlink /proc/self/ns/pid) $(readlink /proc/self/ns/ipc)'
check "run --oom-score-adj and --shm-size take effect" prints '500 32768' \
  "${ONCE[@]}" --oom-score-adj 500 --shm-size 32m $IMAGE \
  sh -c 'echo $(cat /proc/self/oom_score_adj) $(df -k /dev/shm | tail -1 | tr -s " " | cut -d" " -f2)'
if has_every_capability; then
  check "run --privileged" prints '*CapEff:*ffff*' "${ONCE[@]}" --privileged $IMAGE \
    grep CapEff /proc/self/status
else
  skip "run --privileged" "root here has not all capabilities, and it asks for all of them"
fi

control_file() {
  local pid group
  pid=$(inspect '{{.State.Pid}}' "$1")
  if [[ -d /sys/fs/cgroup/memory ]]; then
    group=$(awk -F: '$2 == "memory" { print $3 }' "/proc/$pid/cgroup")
    cat "/sys/fs/cgroup/memory$group/memory.limit_in_bytes"
  else
    cat "/sys/fs/cgroup$(cut -d: -f3 "/proc/$pid/cgroup")/memory.max"
  fi
}
memory_is() { [[ $(control_file "$1") == "$2" ]] || { control_file "$1"; return 1; }; }
detached() {
  start_container c1 --memory 64m --pids-limit 50 --cpus 0.5 --oom-score-adj 500 $IMAGE \
    sh -c 'trap "echo usr1" USR1; echo started; while :; do sleep 0.1; done'
  state_is c1 running
  memory_is c1 $((64 << 20))
}
check "run -d starts a container, with --memory, --pids-limit and --cpus" detached
out_of_memory() {
  exits 137 docker run --name hungry --network none --memory 16m --memory-swap 16m $IMAGE \
    sh -c 'head -c 64m /dev/zero | tail'
  local killed
  killed=$(inspect '{{.State.OOMKilled}}' hungry)
  docker rm hungry
  [[ $killed == true ]]
}
# Race: containerd's shim may hear of the end before it hears of the reason.
check "--memory kills what takes more, and docker sees that" wait_until 20 out_of_memory
check "exec runs a program in it" prints in-exec docker exec c1 echo in-exec
check "exec -e, -w and -u reach the program" \
  prints 'b /tmp 33' docker exec -e A=b -w /tmp -u 33:33 c1 sh -c 'echo $A $PWD $(id -u)'
check "exec -u lets the program open /dev/stdout" \
  prints out docker exec -u 33 c1 sh -c 'echo out > /dev/stdout'
check "exec has the container's --oom-score-adj" \
  prints 500 docker exec c1 cat /proc/self/oom_score_adj
check "exec -i hands stdin on" \
  prints hello bash -c 'echo hello | "$@"' - docker exec -i c1 cat
check "exec -t gives it a terminal" prints '/dev/*' docker exec -t c1 sh -c 'tty; sleep 1'
check "exec -it works from a terminal" \
  prints '*/dev/*' "${ON_TERMINAL[@]}" docker exec -it c1 sh -c 'tty; sleep 1'
check "exec returns the exit code" exits 5 docker exec c1 sh -c 'exit 5'
check "exec of a missing program returns 126 or 127" \
  refuses '12[67]' 'no such file or directory' docker exec c1 /nonexistent
check "exec of a file that is not executable returns 126" \
  refuses 126 'permission denied' docker exec c1 /etc/passwd
in_background() {
  docker exec -d c1 sh -c 'echo yes > /background'
  wait_until 10 docker exec c1 test -s /background
}
check "exec -d returns while the program runs" in_background
check "logs shows what it wrote" prints '*started*' docker logs c1
check "top lists its processes" prints '*PID*sh*' docker top c1
check "stats shows its memory and its limit" \
  prints '*B / 64MiB' docker stats --no-stream --format '{{.MemUsage}}' c1
paused() {
  docker pause c1
  state_is c1 paused
  docker unpause c1
  state_is c1 running
}
check "pause and unpause" paused
updated() {
  docker update --memory 80m --memory-swap 80m --cpus 0.4 --pids-limit 60 c1
  memory_is c1 $((80 << 20))
}
check "update --memory, --cpus and --pids-limit take effect at once" updated
logged() { docker logs "$2" 2>&1 | grep -q "$1"; }
signalled() { docker kill -s USR1 c1; wait_until 10 logged usr1 c1; }
check "kill -s USR1 reaches the program" signalled
copied() {
  echo copied > "$WORK/tmp/copied"
  docker cp "$WORK/tmp/copied" c1:/copied
  prints copied docker exec c1 cat /copied
}
check "cp into a running container" copied
restarted() { docker restart -t 1 c1; state_is c1 running; prints in-exec docker exec c1 echo in-exec; }
check "restart" restarted
stopped() {
  docker stop -t 1 c1
  prints 'exited 137' docker inspect -f '{{.State.Status}} {{.State.ExitCode}}' c1
}
check "stop -t 1 of a program that ignores TERM" stopped
killed() { docker start c1; docker kill c1; state_is c1 exited; docker rm c1; }
check "start, kill and rm" killed
removed() { docker create --name c2 --network none $IMAGE sleep 100; docker start c2; docker rm -f c2; }
check "create, start and rm -f" removed
waited() { start_container c3 $IMAGE sh -c 'exit 3'; prints 3 docker wait c3; docker rm c3; }
check "wait returns the exit code" waited
restarts() { (($(inspect '{{.RestartCount}}' c4) >= 1)); }
restarted_by_policy() {
  start_container c4 --restart on-failure:3 $IMAGE sh -c 'sleep 0.3; exit 1'
  wait_until 20 restarts
  docker rm -f c4
}
check "--restart starts it again" restarted_by_policy
is_healthy() { prints healthy docker inspect -f '{{.State.Health.Status}}' c5; }
healthy() {
  start_container c5 --health-cmd 'test -e /etc/passwd' --health-interval 1s $IMAGE sleep 100
  wait_until 20 is_healthy
  docker rm -f c5
}
check "--health-cmd makes it healthy" healthy
attached() {
  start_container c6 -i $IMAGE cat
  # docker hands SIGTERM on to the container, and `attach` may outlive its stdin.
  echo hello | timeout -s KILL 3 docker attach c6 || true
  wait_until 10 logged hello c6
  docker rm -f c6
}
check "attach hands stdin on" attached

bridged() {
  local address
  docker run -d --name web -p 127.0.0.1:8080:80 $IMAGE httpd -f -p 80 -h /etc
  address=$(inspect '{{.NetworkSettings.IPAddress}}' web)
  wait_until 5 busybox wget -qO- "http://$address:80/group"
  prints '*staff*' docker run --rm $IMAGE wget -qO- "http://$address:80/group"
  prints '*staff*' busybox wget -qO- http://127.0.0.1:8080/group
  prints '*staff*' docker run --rm --network container:web $IMAGE wget -qO- http://127.0.0.1/group
}
check "--network bridge: containers reach each other, and -p publishes" bridged
named() {
  docker network create net1
  docker run -d --name peer --network net1 $IMAGE httpd -f -p 80 -h /etc
  prints '*staff*' docker run --rm --network net1 $IMAGE wget -qO- http://peer/group
  docker network connect net1 web
  prints '*staff*' docker exec web wget -qO- http://peer/group
  docker rm -f peer web
  docker network rm net1
}
check "a network of its own: names resolve, and a running container joins it" named

built() {
  printf '%s\n' "FROM $IMAGE" 'RUN echo built > /built && id -u >> /built' 'WORKDIR /tmp' 'USER 33' \
    'RUN echo "$(id -u) $PWD" > /tmp/who' 'CMD ["cat", "/built", "/tmp/who"]' > "$WORK/tmp/Dockerfile"
  docker build -q --network none -t built:1 -f "$WORK/tmp/Dockerfile" "$WORK/home"
  prints 'built
0
33 /tmp' "${ONCE[@]}" built:1
}
check "build runs the steps of a Dockerfile" built
failed_build() {
  printf '%s\n' "FROM $IMAGE" 'RUN exit 9' > "$WORK/tmp/Dockerfile"
  refuses 9 'returned a non-zero code: 9' docker build --network none --force-rm \
    -f "$WORK/tmp/Dockerfile" "$WORK/home"
}
check "build fails where a step fails" failed_build
committed() {
  docker run --name c7 --network none $IMAGE sh -c 'echo kept > /kept'
  docker commit c7 kept:1
  docker rm c7
  prints kept "${ONCE[@]}" kept:1 cat /kept
}
check "commit keeps what a container wrote" committed

concurrent() {
  local number pids=() code
  for number in {1..8}; do
    "${ONCE[@]}" $IMAGE sh -c "exit $number" &
    pids+=($!)
  done
  for number in {1..8}; do
    code=0
    wait "${pids[number - 1]}" || code=$?
    ((code == number))
  done
}
check "eight containers at once" concurrent
if criu check >/dev/null 2>&1; then
  skip "checkpoint" "docker offers it as an experiment only"
else
  skip "checkpoint" "criu check fails on this kernel, or criu is not installed"
fi

docker ps -aq | xargs -r docker rm -f >/dev/null 2>&1
check "nothing is left: no cgroup, mount or state" leaves_nothing '^/run/containerd|^/var/run'
kill "$daemon"; wait "$daemon"
finish
