#!/usr/bin/env bash
# Slurm on the runtime: slurm.sh [--runtime runc|crun|PATH]
#
# slurmctld, two slurmd and munged at one address of the sandbox's; oci.conf names the runtime.
source "$(dirname "$(readlink -f "${BASH_SOURCE[0]}")")/common.sh"
enter_sandbox slurm-wlm slurm-wlm-basic-plugins munge -- "$@"

readonly CONFIGURATION=$WORK/slurm BUNDLE=$WORK/bundle ROOT=/run/slurm-oci
export SLURM_CONF=$CONFIGURATION/slurm.conf
mkdir -p "$CONFIGURATION" "$BUNDLE" /run/munge "$WORK"/spool/node{1,2} "$WORK/state" "$ROOT"
# Slurm looks names up with AI_ADDRCONFIG, for which loopback is no address.
ip link add slurm0 type bridge
ip address add 10.78.0.1/24 dev slurm0
ip link set slurm0 up
cat > "$SLURM_CONF" <<CONF
ClusterName=callers
SlurmctldHost=localhost(10.78.0.1)
SlurmctldPort=16817
SlurmUser=root
SlurmdUser=root
AuthType=auth/munge
CredType=cred/munge
StateSaveLocation=$WORK/state
SlurmdSpoolDir=$WORK/spool/%n
SlurmctldPidFile=/run/slurmctld.pid
SlurmdPidFile=/run/slurmd-%n.pid
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
JobAcctGatherType=jobacct_gather/none
AccountingStorageType=accounting_storage/none
MpiDefault=none
SwitchType=switch/none
ReturnToService=2
InactiveLimit=0
KillWait=2
SlurmdTimeout=30
NodeName=node1 NodeHostname=callers NodeAddr=10.78.0.1 Port=16818 CPUs=2
NodeName=node2 NodeHostname=callers NodeAddr=10.78.0.1 Port=16819 CPUs=2
PartitionName=all Nodes=node1,node2 Default=YES MaxTime=5 State=UP OverSubscribe=FORCE:4
CONF
printf '127.0.0.1 localhost\n10.78.0.1 callers\n' > "$WORK/hosts"
mount --bind "$WORK/hosts" /etc/hosts

# How Slurm calls the runtime: %n node, %u user, %j job, %s step, %t task, %b bundle.
readonly ID=%n.%u.%j.%s.%t
configure() {
  printf '%s\n' "RunTimeQuery=\"$RUNTIME --root=$ROOT state $ID\"" \
    "RunTimeKill=\"$RUNTIME --root=$ROOT kill -a $ID\"" \
    "RunTimeDelete=\"$RUNTIME --root=$ROOT delete --force $ID\"" "$@" > "$CONFIGURATION/oci.conf"
}
# Slurm 22.05 reads what `create` prints until its end, which is the container's own end, before it
# calls `start`: so the container must not have that pipe.
with_create_and_start() {
  configure "RunTimeCreate=\"$RUNTIME --root=$ROOT create -b %b $ID >$WORK/output 2>&1\"" \
    "RunTimeStart=\"$RUNTIME --root=$ROOT start $ID\""
}
with_run() { configure "RunTimeRun=\"$RUNTIME --root=$ROOT run -b %b $ID\""; }

cp -a "$WORK/image/root" "$BUNDLE/rootfs"
(cd "$BUNDLE" && "$RUNTIME" spec) || die "the runtime makes no config.json"

mungekey -c -k "$WORK/munge.key"
start_daemon munged munged --foreground --force --key-file "$WORK/munge.key" \
  --pid-file /run/munge/munged.pid --seed-file "$WORK/munge.seed" --log-file "$WORK/log/munge"
munged=$daemon
wait_until 10 munge -n || die "munged does not start: $(tail -3 "$WORK/log/munged")"
with_run
start_daemon slurmctld slurmctld -D
slurmctld=$daemon
start_daemon node1 slurmd -D -N node1
node1=$daemon
start_daemon node2 slurmd -D -N node2
node2=$daemon
are_idle() { [[ $(sinfo -h -t idle -o %D) == 2 ]]; }
wait_until 30 are_idle || { sinfo -N -l; tail -n 15 "$WORK"/log/*; die "Slurm does not start"; }
srun=(timeout -k 5 "$PATIENCE" srun --immediate=30)
remember_traces


check "srun without a container" prints hi "${srun[@]}" echo hi
contained=("${srun[@]}" --container "$BUNDLE")
check "srun --container prints what the program wrote" prints hi "${contained[@]}" echo hi
check "the program sees the bundle, not the node" \
  prints 'root:x:0:0:root:/root:/bin/sh*' "${contained[@]}" cat /etc/passwd
check "srun returns the program's exit code" exits 7 "${contained[@]}" sh -c 'exit 7'
check "srun hands stdin on" prints hello bash -c 'echo hello | "$@"' - "${contained[@]}" cat
check "srun of a missing program fails" \
  refuses '[1-9]*' nonexistent "${contained[@]}" /nonexistent

runtime=("$RUNTIME" --root "$ROOT")
has_containers() { (($("${runtime[@]}" list -q | grep -c "^$1") == $2)); }
on_both_nodes() {
  "${contained[@]}" -N 2 -n 2 sh -c 'sleep 8; echo done' > "$WORK/output" &
  wait_until 10 has_containers node1 1
  wait_until 10 has_containers node2 1
  wait $!
  prints $'done\ndone' cat "$WORK/output"
}
check "srun -N 2 runs a container on both nodes" on_both_nodes
labelled() { prints $'0: hi\n1: hi' bash -c '"$@" | sort' - "${contained[@]}" -N 2 -n 2 -l echo hi; }
check "srun -l labels what the tasks of both nodes wrote" labelled
batched() {
  printf '%s\n' '#!/bin/sh' 'grep -c root /etc/passwd' 'echo batch; exit 4' > "$WORK/batch"
  exits 4 sbatch -Q --wait --container "$BUNDLE" -o "$WORK/output" "$WORK/batch" ||
    { cat "$WORK/output"; return 1; }
  # (Slurm complains there of a `state` that it asks for when the container is gone.)
  prints $'1\nbatch*' cat "$WORK/output"
}
check "sbatch --container runs the script, and returns its exit code" batched
several() {
  local number pids=() code
  for number in {1..4}; do
    "${contained[@]}" sh -c "exit $number" &
    pids+=($!)
  done
  for number in {1..4}; do
    code=0
    wait "${pids[number - 1]}" || code=$?
    ((code == number))
  done
}
check "four jobs at once" several
cancelled() {
  sbatch -Q --container "$BUNDLE" -o /dev/null --wrap 'sleep 100'
  wait_until 10 has_containers node 1
  scancel -u root
  wait_until 20 has_containers node 0
  wait_until 20 are_idle
}
check "scancel ends the job's container" cancelled
with_create_and_start
created() {
  "${contained[@]}" sh -c 'echo created; sleep 1'
  prints created cat "$WORK/output"
  wait_until 20 are_idle
}
check "RunTimeCreate and RunTimeStart run the program" created

is_empty() { has_containers '' 0; }
removed() { wait_until 10 is_empty; leaves_nothing; }
check "nothing is left: no container, cgroup or mount" removed
kill "$slurmctld" "$node1" "$node2" "$munged"
wait
finish
