// `inspect`: the whole of what it says, and templates as scripts have them.
const section = (name: string, path: string): string =>
  `docker inspect ${name} | jq -S '.[0]${path}'`;

export const inspect: readonly string[] = [
  "docker create --name plain --network none bb true",
  "docker create --name full -it -e A=b --label x=y -h box --domainname d.e -u 33:33 -w /tmp" +
    " --entrypoint echo --stop-signal INT --stop-timeout 3 --init --read-only --restart on-failure:3" +
    " --group-add 60 --health-cmd true --health-interval 5s --health-retries 2 bb hi there",
  "docker create --name limits -m 64m --memory-swap 128m --memory-reservation 32m --cpus 0.5" +
    " --cpu-shares 512 --cpuset-cpus 0 --pids-limit 50 --oom-score-adj 5 --shm-size 32m" +
    " --ulimit nofile=10:20 --blkio-weight 100 bb",
  "docker create --name guarded --cap-add SYS_TIME --cap-drop MKNOD --security-opt no-new-privileges" +
    " --sysctl net.ipv4.ip_forward=1 --device /dev/null:/dev/x --pid host --ipc private --uts host" +
    " --cgroup-parent /par --privileged bb",
  "docker create --name net --dns 1.2.3.4 --dns-search x.y --dns-option ndots:2 --add-host o:1.2.3.4" +
    " --expose 90 -p 127.0.0.1:18080:80 -p 81/udp bb",
  "docker create --name mounts -v /tmp:/h:ro -v vol:/v --mount type=tmpfs,dst=/m,tmpfs-size=1m" +
    " --mount type=bind,src=/etc,dst=/e,readonly --tmpfs /t:size=1m --volumes-from plain bb",
  "docker create --name logged --log-opt max-size=1m --log-opt max-file=2 bb",
  section("plain", " | keys"),
  section("plain", " | del(.Config, .HostConfig, .State, .NetworkSettings, .GraphDriver)"),
  section("plain", ".State"),
  section("plain", ".Config"),
  section("plain", ".HostConfig"),
  section("plain", ".NetworkSettings"),
  section("full", ".Config"),
  section("full", ".HostConfig"),
  section("limits", ".HostConfig"),
  section("guarded", ".HostConfig"),
  section("net", ".HostConfig"),
  section("net", ".Config"),
  section("net", ".NetworkSettings"),
  section("mounts", ".HostConfig"),
  section("mounts", ".Mounts"),
  section("mounts", ".Config"),
  section("logged", ".HostConfig.LogConfig"),
  "docker inspect nosuch",
  "docker inspect -f '{{.Name}}' plain nosuch full",
  "docker inspect -f '{{.Bogus}}' plain",
  "docker inspect -f '{{.State.Bogus}}' plain",
  "docker inspect -f '{{.Name' plain",
  "docker inspect -f '{{index .Config.Labels \"x\"}}' full",
  "docker inspect -f '{{range .Config.Env}}{{println .}}{{end}}' full",
  "docker inspect -f '{{range $k, $v := .NetworkSettings.Networks}}{{$k}}{{end}}' plain",
  "docker inspect -f '{{.Config.Cmd}} {{.Config.Entrypoint}} {{.Path}} {{.Args}}' plain full",
  "docker inspect -f '{{.State.StartedAt}} {{.State.FinishedAt}}' plain",
  "docker inspect -s -f '{{.SizeRw}}' plain",
  "docker inspect --type image plain",
  "docker inspect --type container bb",
  "docker inspect --type bogus plain",
  "docker inspect",
  "docker container inspect nosuch",
  "docker container inspect -f '{{.Name}}' plain",
  "docker inspect $(docker ps -aq -n 1) -f '{{.Name}}'",
  "docker inspect -f '{{.Name}}' ''",
  "docker inspect -f '{{.Name}}' pla",
];
