// Ports on the command line.
import { parseExpose, parsePublish } from "../../../src/cli/values/publish.ts";
import { acceptsEach, refusesEach } from "../tables.ts";

const port = (containerPort: number, hostPort = 0, more = {}) => ({
  protocol: "tcp",
  hostIp: "",
  hostPort,
  hostPortLast: hostPort,
  containerPort,
  ...more,
});

acceptsEach<unknown>("-p", parsePublish, [
  ["80", [port(80)]],
  ["8080:80", [port(80, 8080)]],
  ["8080:80/udp", [port(80, 8080, { protocol: "udp" })]],
  ["8080:80/SCTP", [port(80, 8080, { protocol: "sctp" })]],
  ["127.0.0.1:8080:80", [port(80, 8080, { hostIp: "127.0.0.1" })]],
  ["127.0.0.1::80", [port(80, 0, { hostIp: "127.0.0.1" })]],
  ["[::1]:8080:80", [port(80, 8080, { hostIp: "::1" })]],
  ["8080-8081:80-81", [port(80, 8080), port(81, 8081)]],
  ["8080-8089:80", [port(80, 8080, { hostPortLast: 8089 })]],
  ["80-81", [port(80), port(81)]],
]);

refusesEach("-p", parsePublish, [
  ["", "no port specified: <empty>"],
  ["8080:", "no port specified: 8080:<empty>"],
  ["a:80", "invalid hostPort: a"],
  ["80:b", "invalid containerPort: b"],
  ["80:0", "invalid containerPort: 0"],
  ["80:65536", "invalid containerPort: 65536"],
  ["80:90-80", "invalid containerPort: 90-80"],
  ["80/icmp", "invalid proto: icmp"],
  ["1.2.3:80:80", "invalid IP address: 1.2.3"],
  ["host:80:80", "invalid IP address: host"],
  ["8080-8082:80-81", "invalid ranges specified for container and host Ports: 80-81 and 8080-8082"],
]);

acceptsEach<unknown>("--expose", parseExpose, [
  ["80", [{ protocol: "tcp", port: 80 }]],
  [
    "80-81/udp",
    [
      { protocol: "udp", port: 80 },
      { protocol: "udp", port: 81 },
    ],
  ],
]);

refusesEach("--expose", parseExpose, [["80:80", "invalid port format for --expose: 80:80"]]);
