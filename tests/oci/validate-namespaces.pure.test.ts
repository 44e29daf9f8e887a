import { describe, expect, test } from "bun:test";
import { parseSpec } from "../../src/oci/parse.ts";
import { specWith } from "./minimal-spec.ts";
import { refusal } from "./refusal.ts";

function listRanges(count: number) {
  return Array.from({ length: count }, (_, id) => ({ containerID: id, hostID: id, size: 1 }));
}

describe("rules between namespaces and the rest", () => {
  const ids = [{ containerID: 0, hostID: 100000, size: 65536 }];
  const table: [linux: object, problem: string][] = [
    [{ namespaces: [{ type: "user" }], uidMappings: ids, gidMappings: ids }, "accepted"],
    [{ namespaces: [{ type: "user", path: "/proc/1/ns/user" }] }, "accepted"],
    [
      {
        namespaces: [{ type: "user", path: "/proc/1/ns/user" }],
        uidMappings: ids,
        gidMappings: ids,
      },
      "accepted",
    ],
    [
      { namespaces: [{ type: "user" }], uidMappings: ids },
      "linux.gidMappings: must not be empty where uidMappings is not",
    ],
    [
      { namespaces: [{ type: "user" }], uidMappings: [{ size: 0 }], gidMappings: ids },
      "linux.uidMappings[0].size: must be at least 1: got 0",
    ],
    [
      {
        namespaces: [{ type: "user" }],
        uidMappings: [{ hostID: 4294967295, size: 1 }],
        gidMappings: ids,
      },
      "linux.uidMappings[0]: hostID + size is beyond 2^32-1",
    ],
    [
      {
        namespaces: [{ type: "user" }],
        uidMappings: [...ids, { containerID: 65535, hostID: 1, size: 1 }],
        gidMappings: ids,
      },
      "linux.uidMappings[1].containerID: overlaps an earlier range",
    ],
    [
      {
        namespaces: [{ type: "user" }],
        gidMappings: [...ids, { containerID: 65536, hostID: 100000, size: 1 }],
        uidMappings: ids,
      },
      "linux.gidMappings[1].hostID: overlaps an earlier range",
    ],
    [{ namespaces: [], gidMappings: ids }, "linux.gidMappings: needs a user namespace"],
    [
      {
        namespaces: [{ type: "user" }],
        uidMappings: [{ containerID: 4294967295, size: 1 }],
        gidMappings: ids,
      },
      "linux.uidMappings[0]: containerID + size is beyond 2^32-1",
    ],
    [
      {
        namespaces: [{ type: "user" }],
        uidMappings: listRanges(340),
        gidMappings: listRanges(341),
      },
      "linux.gidMappings: must be at most 340 ranges: got 341",
    ],
    [
      { namespaces: [{ type: "time" }], timeOffsets: { boottime: { secs: -5, nanosecs: 1 } } },
      "accepted",
    ],
    [
      { namespaces: [{ type: "time" }], timeOffsets: { realtime: { secs: 5 } } },
      "linux.timeOffsets.realtime: must be monotonic or boottime",
    ],
    [
      { namespaces: [{ type: "time", path: "/n" }], timeOffsets: { boottime: {} } },
      "linux.timeOffsets: must not be given with a path of a time namespace",
    ],
    [
      { namespaces: [{ type: "pid" }], maskedPaths: ["/proc/kcore"] },
      "linux.maskedPaths: needs a mount namespace",
    ],
    [
      { namespaces: [{ type: "pid" }], readonlyPaths: ["/proc/sys"] },
      "linux.readonlyPaths: needs a mount namespace",
    ],
    [
      { namespaces: [{ type: "network" }], netDevices: { eth0: { name: "a/b" } } },
      'linux.netDevices["eth0"].name: is not the name of a network device: got "a/b"',
    ],
    [
      { namespaces: [{ type: "network" }], netDevices: { eth0123456789abc: {} } },
      'linux.netDevices["eth0123456789abc"]: is not the name of a network device',
    ],
    [
      { namespaces: [{ type: "network" }], sysctl: { "net/ipv4/conf/eth0.100/forwarding": "1" } },
      "accepted",
    ],
    [{ namespaces: [{ type: "ipc" }], sysctl: { "kernel.shmmax": "1" } }, "accepted"],
    [{ namespaces: [{ type: "uts" }], sysctl: { "kernel.domainname": "a" } }, "accepted"],
  ];
  for (const [linux, problem] of table) {
    test(`${problem}: ${JSON.stringify(linux).slice(0, 100)}`, () => {
      const message = refusal(() => parseSpec(specWith("linux", structuredClone(linux))));
      expect(message.replace("config.json is not valid: ", "")).toBe(problem);
    });
  }
});
