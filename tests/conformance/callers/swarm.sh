#!/usr/bin/env bash
# Docker Swarm on the runtime, on two nodes: swarm.sh [--runtime runc|crun|PATH]
#
#   manager: 10.77.0.1 ──── veth ──── 10.77.0.2 :worker
#
# A node is a network namespace, and mount, pid, uts and cgroup namespaces in which dockerd runs
# with all that it starts; killing its first process is what pulling its plug would be.
source "$(dirname "$(readlink -f "${BASH_SOURCE[0]}")")/common.sh"
enter_sandbox docker.io containerd -- "$@"

declare -A ADDRESS=([manager]=10.77.0.1 [worker]=10.77.0.2) node_pid
ip netns add manager
ip netns add worker
ip link add to-worker netns manager type veth peer name to-manager netns worker
for node in "${!ADDRESS[@]}"; do
  ip -n "$node" link set lo up
  ip -n "$node" address add "${ADDRESS[$node]}/24" dev "to-$([[ $node == worker ]] && echo manager || echo worker)"
done
ip -n manager link set to-worker up
ip -n worker link set to-manager up

# What runs as a node's first process.
be_node() {
  mount -t proc proc /proc
  mount -t tmpfs tmpfs /run
  mkdir -p /run/lock "$WORK/$1"
  mount --bind "$WORK/$1" /var/lib/docker
  hostname "$1"
  rm -f "$WORK/$1.sock"
  exec dockerd --host "unix://$WORK/$1.sock" --add-runtime "tested=$RUNTIME" \
    --default-runtime tested --exec-opt native.cgroupdriver=cgroupfs --cgroup-parent "/$1" \
    --log-level warn
}
start_node() {
  start_daemon "$1" nsenter --net="/run/netns/$1" unshare --mount --pid --uts --ipc --fork \
    --kill-child --propagation private \
    tini -s -- bash -c "WORK=$WORK; RUNTIME=$RUNTIME; $(declare -f be_node); be_node $1"
  # Or bash would tell of each node that is killed.
  disown "$daemon"
  node_pid[$1]=$daemon
  wait_until 30 on "$1" version || die "dockerd does not start: $(tail -5 "$WORK/log/$1")"
}
on() { timeout -k 5 "$PATIENCE" docker --host "unix://$WORK/$1.sock" "${@:2}"; }
manager=(docker --host "unix://$WORK/manager.sock")

start_node manager
start_node worker
for node in manager worker; do
  on "$node" load -q -i "$WORK/image.tar" >/dev/null || die "docker cannot load the image"
done

node_is() { [[ $(on manager node inspect -f '{{.Status.State}}' "$1") == "$2" ]]; }
# Prints the nodes of a service's tasks that run, sorted.
nodes_of() {
  on manager service ps -f desired-state=running --format '{{.CurrentState}} {{.Node}}' "$1" |
    sed -n 's/^Running .* //p' | sort | tr '\n' ' '
}
runs_on() { [[ $(nodes_of "$1") == $2 ]]; }
create_service() {
  local name=$1
  shift
  on manager service create --detach --no-resolve-image --name "$name" \
    --restart-delay 500ms --stop-grace-period 1s "$@"
}
waits_for() {
  wait_until "$@" || {
    on manager service ps --no-trunc --format '{{.Name}} {{.Node}} {{.CurrentState}} {{.Error}}' "$3"
    return 1
  }
}

joined() {
  on manager swarm init --advertise-addr 10.77.0.1 --listen-addr 10.77.0.1:2377 \
    --dispatcher-heartbeat 1s
  local token
  token=$(on manager swarm join-token -q worker)
  on worker swarm join --token "$token" --advertise-addr 10.77.0.2 --listen-addr 10.77.0.2:2377 \
    10.77.0.1:2377
  wait_until 20 node_is worker ready
}
check "swarm init, and another node joins" joined

spread() {
  create_service web --replicas 4 --network host --env A=1 $IMAGE \
    sh -c 'echo started $A; trap "exit 0" TERM; while :; do sleep 0.2; done'
  waits_for 30 runs_on web 'manager manager worker worker '
}
check "a service of four replicas runs on both nodes" spread
((failed == 0)) || finish
on_runtime() {
  local node id
  for node in manager worker; do
    for id in $(on "$node" ps -q); do
      [[ $(on "$node" inspect -f '{{.HostConfig.Runtime}}' "$id") == tested ]]
    done
  done
}
check "its tasks are containers of the runtime" on_runtime
says_started() { (($(on manager service logs web 2>&1 | grep -c started) >= 4)); }
check "service logs shows what the tasks of both nodes wrote" wait_until 10 says_started
scaled() {
  on manager service scale --detach web=6
  waits_for 30 runs_on web 'manager manager manager worker worker worker '
}
check "service scale starts more" scaled
has_failed() { (($(on manager service ps -q -f desired-state=shutdown web | wc -l) >= 1)); }
replaced() {
  on worker kill "$(on worker ps -q | head -1)"
  wait_until 20 has_failed
  waits_for 30 runs_on web 'manager manager manager worker worker worker '
}
check "a task that is killed is replaced" replaced
updated_everywhere() { [[ $(on manager service inspect -f '{{.UpdateStatus.State}}' web) == completed ]]; }
updated() {
  on manager service update --detach --no-resolve-image --env-add A=2 --update-parallelism 3 web
  waits_for 60 updated_everywhere web
  wait_until 10 bash -c '"$@" service logs web 2>&1 | grep -q "started 2"' - "${manager[@]}"
}
check "service update replaces the tasks" updated
globally() {
  echo hidden | on manager secret create s1 -
  create_service every --mode global --network host --secret s1 \
    --limit-memory 32m --mount type=tmpfs,dst=/scratch $IMAGE \
    sh -c 'cat /run/secrets/s1; touch /scratch/x; exec sleep 1000'
  waits_for 30 runs_on every 'manager worker '
  wait_until 10 prints '*hidden*hidden*' "${manager[@]}" service logs every
  on manager service rm every
}
check "a global service with a secret and a memory limit runs once a node" globally

# Prints the id of the first container of a service on a node.
container_of() { on "$1" ps -q -f "label=com.docker.swarm.service.name=$2"; }
across() {
  on manager network create --driver overlay net1
  create_service peers --mode global --network net1 --endpoint-mode dnsrr $IMAGE \
    httpd -f -p 80 -h /etc
  waits_for 40 runs_on peers 'manager worker '
  local here there address
  here=$(container_of manager peers)
  there=$(container_of worker peers)
  address=$(on worker inspect -f '{{.NetworkSettings.Networks.net1.IPAddress}}' "$there")
  wait_until 20 on manager exec "$here" ping -c 1 -W 2 "$address"
  # Not wget: busybox's dies of SIGSEGV here, on any runtime.
  prints '*staff*' "${manager[@]}" exec "$here" \
    sh -c 'printf "GET /group HTTP/1.0\r\n\r\n" | nc -w 5 "$1" 80' - "$address"
  prints '*Address*Address*' "${manager[@]}" exec "$here" nslookup tasks.peers
  on manager service rm peers
}
# What an overlay network needs of this kernel: vxlan.
if ip link add probe type vxlan id 1 dstport 4789 2>/dev/null; then
  ip link delete probe
  check "an overlay network: tasks of different nodes reach each other, by name" across
else
  skip "an overlay network" "this kernel makes no vxlan links"
fi
if [[ -e /proc/net/ip_vs ]]; then
  published() {
    create_service open --publish 8080:80 $IMAGE httpd -f -p 80 -h /etc
    waits_for 30 runs_on open '?*'
    wait_until 20 ip netns exec worker busybox wget -T 3 -qO- http://10.77.0.1:8080/group
    on manager service rm open
  }
  check "a published port is reached on any node" published
else
  skip "a published port is reached on any node" "this kernel has no IPVS (/proc/net/ip_vs)"
fi

crashed() {
  kill -KILL "${node_pid[worker]}"
  wait_until 60 node_is worker down
  waits_for 60 runs_on web 'manager manager manager manager manager manager '
}
check "a node is killed: its tasks are rescheduled on the other" crashed
returned() {
  wait_until 40 node_is worker ready
  on manager service update --detach --no-resolve-image --force --update-parallelism 3 web
  waits_for 60 runs_on web '*manager *worker *'
}
start_node worker
check "the node comes back, and gets tasks again" returned
drained() {
  on manager node update --availability drain worker
  waits_for 40 runs_on web 'manager manager manager manager manager manager '
}
check "a node is drained: its tasks move" drained
no_cgroups() { ! find /sys/fs/cgroup -path '*/manager/*' -type d | grep -q .; }
removed() {
  on manager service rm web
  wait_until 30 bash -c '[[ -z $("$@" ps -aq) ]]' - "${manager[@]}"
  wait_until 10 no_cgroups || { find /sys/fs/cgroup -path '*/manager/*' -type d; return 1; }
}
check "service rm removes the containers, and their cgroups" removed
left_swarm() { on worker swarm leave; on manager swarm leave --force; }
check "swarm leave" left_swarm

for node in manager worker; do kill -KILL "${node_pid[$node]}"; done
finish
