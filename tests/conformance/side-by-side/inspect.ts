// `inspect`: the whole of what it says, and templates as scripts have them.
const section = (name: string, path: string): string =>
  `docker inspect ${name} | jq -S '.[0]${path}'`;

// Of an older docker, of each side's own, and what newer ones hide besides.
const HOST_CONFIG =
  ".HostConfig | del(.KernelMemory, .KernelMemoryTCP, .Runtime, .Annotations, .MaskedPaths, .CgroupnsMode)";
const NETWORKS =
  ".NetworkSettings | del(.SandboxKey) | del(.Networks[].DNSNames, .IPPrefixLen, .Networks[].IPPrefixLen)";

export const inspect: readonly string[] = [
  "docker create --name plain --network none box true",
  "docker create --name full -it -e A=b --label x=y -h box --domainname d.e -u 33:33 -w /tmp" +
    " --entrypoint echo --stop-signal SIGINT --stop-timeout 3 --init --read-only --restart on-failure:3" +
    " --group-add 60 --health-cmd true --health-interval 5s --health-retries 2 -m 64m --network none box hi there",
  "docker create --name limits -m 64m --memory-swap 128m --memory-reservation 32m --cpus 0.5" +
    " --cpu-shares 512 --cpuset-cpus 0 --pids-limit 50 --oom-score-adj 5 --shm-size 32m" +
    " --ulimit nofile=10:20 --network none box",
  "docker create --name guarded --cap-add SYS_TIME --cap-drop MKNOD --security-opt no-new-privileges" +
    " --sysctl net.ipv4.ip_forward=1 --device /dev/null:/dev/x --pid host --ipc private --uts host" +
    " --cgroup-parent /par --network none --privileged box",
  "docker create --name net --network bridge --dns 1.2.3.4 --dns-search x.y --dns-option ndots:2 --add-host o:1.2.3.4" +
    " --expose 90 -p 127.0.0.1:18080:80 -p 81/udp box",
  "docker create --name mounts -v /tmp:/h:ro -v vol:/v -v /own" +
    " --mount type=bind,src=/etc,dst=/e,readonly --tmpfs /t:size=1m --volumes-from plain --network none box",
  "docker create --name logged --log-opt max-size=1m --log-opt max-file=2 box",
  section("plain", " | keys"),
  section("plain", " | del(.Config, .HostConfig, .State, .NetworkSettings, .GraphDriver)"),
  section("plain", ".State"),
  section("plain", ".Config"),
  section("plain", HOST_CONFIG),
  section("plain", NETWORKS),
  section("full", ".Config"),
  section("full", HOST_CONFIG),
  section("limits", HOST_CONFIG),
  section("guarded", HOST_CONFIG),
  section("net", HOST_CONFIG),
  section("net", ".Config"),
  section("net", NETWORKS),
  section("mounts", HOST_CONFIG + " | .Binds |= sort"),
  section("mounts", ".Mounts | sort_by(.Destination)"),
  section("mounts", ".Config"),
  section("logged", ".HostConfig.LogConfig"),
  section("plain", ".HostConfig.MaskedPaths"),
  "docker create --name default box true; docker inspect -f '{{.HostConfig.NetworkMode}}' default",
  "docker run -d --name up --network none box sleep 1000",
  section(
    "up",
    " | del(.Config, .HostConfig, .State, .NetworkSettings, .GraphDriver, .ResolvConfPath, .HostnamePath, .HostsPath, .LogPath)",
  ),
  section("up", ".State | del(.Pid)"),
  section("up", NETWORKS + " | del(.Networks.none.EndpointID, .Networks.none.NetworkID)"),
  "docker inspect -f '{{.Config.AttachStdout}} {{.Config.AttachStdin}}' up",
  "docker run -d --name linked -p 18080:80 box sleep 1000",
  section(
    "linked",
    NETWORKS + " | del(.Networks.bridge.NetworkID, .EndpointID, .Networks.bridge.EndpointID)",
  ),
  "docker inspect -f '{{range $p, $b := .NetworkSettings.Ports}}{{$p}} {{(index $b 0).HostPort}}{{end}}' linked",
  "docker inspect -f '{{.NetworkSettings.IPAddress}} {{.NetworkSettings.Networks.bridge.Gateway}}' linked",
  "docker inspect nosuch",
  "docker inspect nosuch nobody",
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
  // With a tag: what may begin an id is a container's once in a while.
  "docker inspect --type container box:latest",
  "docker inspect --type bogus plain",
  "docker inspect",
  "docker container inspect nosuch",
  "docker container inspect -f '{{.Name}}' plain",
  "docker inspect $(docker ps -aq -n 1) -f '{{.Name}}'",
  "docker inspect -f '{{.Name}}' ''",
  "docker inspect -f '{{.Name}}' pla",
];
