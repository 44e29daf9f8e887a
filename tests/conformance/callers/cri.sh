#!/usr/bin/env bash
# A Kubernetes node without Kubernetes: what the kubelet asks of containerd (the container runtime
# interface), with the runtime as a RuntimeClass names it. cri.sh [--runtime runc|crun|PATH]
source "$(dirname "$(readlink -f "${BASH_SOURCE[0]}")")/common.sh"
enter_sandbox containerd containernetworking-plugins -- "$@"

readonly BUN=$REPOSITORY/node_modules/.bin/bun SOCKET=/run/containerd/containerd.sock
readonly PAUSE=localhost/pause:1
[[ -x $BUN ]] || die "no $BUN: run ./build.sh first"
private_folder /var/lib/cni
mkdir -p "$WORK/cni" "$WORK/pods"
cat > "$WORK/cni/10-bridge.conflist" <<'CNI'
{ "cniVersion": "1.0.0", "name": "pods", "plugins": [
  { "type": "bridge", "bridge": "pods0", "isGateway": true, "ipam": {
    "type": "host-local", "ranges": [[{ "subnet": "10.79.0.0/24" }]] } } ] }
CNI
# restrict_oom_score_adj: pods have -998, for which root needs CAP_SYS_RESOURCE.
cat > "$WORK/containerd.toml" <<TOML
version = 2
[plugins."io.containerd.grpc.v1.cri"]
  sandbox_image = "$PAUSE"
  restrict_oom_score_adj = true
  [plugins."io.containerd.grpc.v1.cri".cni]
    bin_dir = "/usr/lib/cni"
    conf_dir = "$WORK/cni"
  [plugins."io.containerd.grpc.v1.cri".containerd]
    snapshotter = "native"
    default_runtime_name = "tested"
    [plugins."io.containerd.grpc.v1.cri".containerd.runtimes.tested]
      runtime_type = "io.containerd.runc.v2"
      [plugins."io.containerd.grpc.v1.cri".containerd.runtimes.tested.options]
        BinaryName = "$RUNTIME"
        SystemdCgroup = false
TOML
start_daemon containerd containerd --config "$WORK/containerd.toml" --log-level warn

# cri METHOD [REQUEST [FILTER of the answer]]
cri() {
  local answer
  answer=$(timeout -k 5 "$PATIENCE" "$BUN" "$CALLERS_FOLDER/cri.ts" "$SOCKET" "$1" "${2:-{\}}") || return
  jq -r "${3:-.}" <<<"$answer"
}
wait_until 20 cri Version || { cri Version; die "containerd does not start: $(tail -n 3 "$WORK/log/containerd")"; }
pack_image "$PAUSE" '["sleep", "2147483647"]' "$WORK/pause.tar"
for archive in image pause; do
  ctr -n k8s.io image import --snapshotter native "$WORK/$archive.tar" >/dev/null ||
    die "ctr cannot import the image"
done

# Prints the config of a pod. Namespaces: 0 of the pod, 1 of the container, 2 of the node.
pod_config() {
  jq -nc --arg name "$1" --arg logs "$WORK/pods" --argjson namespaces "${2:-{\}}" '{
    metadata: { $name, uid: $name, namespace: "default" }, log_directory: $logs,
    hostname: (if $namespaces.network == 2 then "" else $name end),
    linux: { cgroup_parent: "/kubepods/\($name)", security_context: {
      namespace_options: $namespaces } } }'
}
# run_pod NAME [NAMESPACES]: prints its id.
run_pod() {
  cri RunPodSandbox "{\"config\":$(pod_config "$@"),\"runtime_handler\":\"tested\"}" .pod_sandbox_id
}
# create_container POD-ID POD-NAME NAME MORE-CONFIG COMMAND…: prints its id.
create_container() {
  local config
  config=$(jq -nc --arg name "$3" --arg image $IMAGE --argjson more "$4" \
    '{ metadata: { $name }, image: { $image }, command: $ARGS.positional, log_path: "\($name).log" }
      * $more' --args -- "${@:5}")
  cri CreateContainer \
    "{\"pod_sandbox_id\":\"$1\",\"config\":$config,\"sandbox_config\":$(pod_config "$2")}" .container_id
}
start_container() {
  local id
  id=$(create_container "$@") || { echo "$id"; return 1; }
  cri StartContainer "{\"container_id\":\"$id\"}" >/dev/null
  echo "$id"
}
status() { cri ContainerStatus "{\"container_id\":\"$1\"}" ".status | $2"; }
readonly CREATED=0 RUNNING=1 EXITED=2
state_is() { [[ $(status "$1" .state) == "$2" ]]; }
logged() { grep -q "std$2 F $3" "$WORK/pods/$1.log"; }
# execute ID COMMAND…: prints stdout, then "= " and the exit code.
execute() {
  cri ExecSync "$(jq -nc --arg id "$1" '{ container_id: $id, cmd: $ARGS.positional, timeout: 20 }' \
    --args -- "${@:2}")" '"\(.stdout)\(.stderr)= \(.exit_code)"'
}
executes() {
  local got
  got=$(execute "${@:2}")
  [[ $got == $1 ]] || { echo "wanted: $1"; echo "got: $got"; return 1; }
}
stop_pod() {
  cri StopPodSandbox "{\"pod_sandbox_id\":\"$1\"}" && cri RemovePodSandbox "{\"pod_sandbox_id\":\"$1\"}"
}

first=$(run_pod warm) && stop_pod "$first" >/dev/null
remember_traces

pod=$(run_pod pod1)
has_address() {
  cri PodSandboxStatus "{\"pod_sandbox_id\":\"$pod\"}" '"\(.status.state) \(.status.network.ip)"' |
    grep -x '0 10\.79\.0\.[0-9]*'
}
check "RunPodSandbox with the handler makes a pod, with an address" has_address
started() {
  local id
  id=$(create_container "$pod" pod1 one '{ "working_dir": "/tmp",
    "envs": [{ "key": "A", "value": "b" }],
    "linux": { "resources": { "memory_limit_in_bytes": 67108864, "cpu_quota": 50000,
      "cpu_period": 100000, "cpu_shares": 512 } } }' \
    sh -c 'echo $A $PWD $(hostname); echo error >&2; trap "" TERM; while :; do sleep 0.1; done')
  echo "$id" > "$WORK/one"
  state_is "$id" $CREATED
  cri StartContainer "{\"container_id\":\"$id\"}"
  state_is "$id" $RUNNING
}
check "CreateContainer, and StartContainer" started
one=$(< "$WORK/one")
logs() { wait_until 10 logged one out 'b /tmp pod1' && wait_until 10 logged one err error; }
check "its log has what it wrote, with its env, its folder and the pod's name" logs
check "ExecSync runs a program in it" executes $'hi\n= 0' "$one" echo hi
check "ExecSync returns the exit code" executes '= 5' "$one" sh -c 'exit 5'
missing() {
  local output
  output=$(execute "$one" /nonexistent 2>&1) && return 1
  [[ ${output,,} == *"no such file or directory"* ]]
}
check "ExecSync of a missing program says so" missing
limit_of() {
  local pid group
  pid=$(ctr -n k8s.io task ls | awk -v id="$1" '$1 == id { print $2 }')
  group=$(awk -F: '$2 == "memory" { print $3 }' "/proc/$pid/cgroup")
  if [[ -n $group ]]; then
    cat "/sys/fs/cgroup/memory$group/memory.limit_in_bytes"
  else
    cat "/sys/fs/cgroup$(cut -d: -f3 "/proc/$pid/cgroup")/memory.max"
  fi
}
limited() { [[ $(limit_of "$one") == $((64 << 20)) ]]; }
check "its memory is limited" limited
resized() {
  cri UpdateContainerResources \
    "{\"container_id\":\"$one\",\"linux\":{\"memory_limit_in_bytes\":83886080,\"cpu_quota\":40000}}"
  [[ $(limit_of "$one") == $((80 << 20)) ]]
}
check "UpdateContainerResources resizes it in place" resized
measured() {
  (($(cri ContainerStats "{\"container_id\":\"$one\"}" .stats.memory.working_set_bytes.value) > 0))
}
check "ContainerStats reads its memory" measured
shared() {
  local two
  two=$(start_container "$pod" pod1 two '{}' sleep 1000)
  [[ $(execute "$one" readlink /proc/self/ns/net) == "$(execute "$two" readlink /proc/self/ns/net)" ]]
  [[ $(execute "$one" readlink /proc/self/ns/ipc) == "$(execute "$two" readlink /proc/self/ns/ipc)" ]]
  [[ $(execute "$one" readlink /proc/self/ns/mnt) != "$(execute "$two" readlink /proc/self/ns/mnt)" ]]
  cri RemoveContainer "{\"container_id\":\"$two\"}"
}
check "two containers of a pod share its network and ipc namespaces" shared
secured() {
  local id
  id=$(start_container "$pod" pod1 secure '{ "linux": { "security_context": {
    "run_as_user": { "value": 33 }, "readonly_rootfs": true, "no_new_privs": true,
    "capabilities": { "drop": ["ALL"] }, "seccomp": { "profile_type": 0 } } } }' sleep 1000)
  executes '33*CapEff:*0000000000000000*NoNewPrivs:*1*Seccomp:*2*read-only*' "$id" sh -c '
    id -u; grep -E "CapEff|NoNewPrivs|Seccomp:" /proc/self/status
    touch /x 2>/dev/null || echo read-only'
  cri RemoveContainer "{\"container_id\":\"$id\"}"
}
check "a security context: user, capabilities, seccomp, read-only, no new privileges" secured
mounted() {
  local id
  id=$(start_container "$pod" pod1 mounts "{ \"mounts\": [
    { \"container_path\": \"/image\", \"host_path\": \"$WORK/image\", \"readonly\": true },
    { \"container_path\": \"/etc/hosts\", \"host_path\": \"$WORK/image.tar\" }] }" sleep 1000)
  executes $'there\n= 0' "$id" sh -c \
    'test -s /etc/hosts && test -e /image/manifest.json && ! touch /image/x 2>/dev/null && echo there'
  cri RemoveContainer "{\"container_id\":\"$id\"}"
}
check "mounts of a folder and of a file" mounted
ended() {
  local id
  id=$(start_container "$pod" pod1 ends '{}' sh -c 'exit 3')
  wait_until 10 state_is "$id" $EXITED
  [[ $(status "$id" '"\(.exit_code) \(.reason)"') == '3 Error' ]]
  cri RemoveContainer "{\"container_id\":\"$id\"}"
}
check "a container that ends has its exit code in its status" ended
not_started() {
  local id output
  id=$(create_container "$pod" pod1 missing '{}' /nonexistent)
  output=$(cri StartContainer "{\"container_id\":\"$id\"}" 2>&1) && return 1
  [[ ${output,,} == *nonexistent*"no such file or directory"* ]]
  [[ $(status "$id" '"\(.exit_code) \(.reason)"') == '128 StartError' ]]
  cri RemoveContainer "{\"container_id\":\"$id\"}"
}
check "a missing program is a StartError, with the runtime's words" not_started
out_of_memory() {
  local id
  id=$(start_container "$pod" pod1 hungry \
    '{ "linux": { "resources": { "memory_limit_in_bytes": 16777216 } } }' \
    sh -c 'head -c 64m /dev/zero | tail')
  wait_until 20 state_is "$id" $EXITED
  local reason
  reason=$(status "$id" .reason)
  cri RemoveContainer "{\"container_id\":\"$id\"}"
  [[ $reason == OOMKilled ]]
}
# Race: containerd's shim may hear of the end before it hears of the reason.
check "a container that takes too much memory is OOMKilled" wait_until 20 out_of_memory
stopped() {
  cri StopContainer "{\"container_id\":\"$one\",\"timeout\":1}"
  [[ $(status "$one" '"\(.state) \(.exit_code)"') == "$EXITED 137" ]]
}
check "StopContainer of a program that ignores TERM" stopped
removed() {
  stop_pod "$pod"
  [[ -z $(ctr -n k8s.io task ls -q) ]]
}
check "StopPodSandbox and RemovePodSandbox" removed

on_node() {
  local id pod
  pod=$(run_pod pod2 '{ "network": 2, "pid": 0, "ipc": 2 }')
  id=$(start_container "$pod" pod2 node \
    '{ "linux": { "security_context": { "namespace_options": { "network": 2, "ipc": 2 } } } }' sleep 99)
  executes "net:?$(stat -Lc %i /proc/self/ns/net)?"$'\n= 0' "$id" readlink /proc/self/ns/net
  executes $'*sleep 2147483647*\n= 0' "$id" ps
  stop_pod "$pod"
}
check "a pod on the node's network, whose containers share their processes" on_node
parallel() {
  local number
  for number in {1..4}; do run_pod "many$number" > "$WORK/many$number" & done
  wait
  for number in {1..4}; do stop_pod "$(< "$WORK/many$number")" & done
  wait
  [[ -z $(ctr -n k8s.io task ls -q) ]]
}
check "four pods at once" parallel

check "nothing is left: no cgroup, mount or state" leaves_nothing '^/run/containerd|/kubepods$'
kill "$daemon"; wait "$daemon"
finish
