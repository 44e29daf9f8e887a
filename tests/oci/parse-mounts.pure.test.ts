import { describe } from "bun:test";
import { testRefusals } from "./refusal.ts";

describe("root, mounts and hooks of a config.json is refused with the JSON path", () => {
  testRefusals([
    ["root", undefined, "root: must be given"],
    ["root", { path: "" }, "root.path: must not be empty"],
    ["root.readonly", 1, "root.readonly: must be true or false: got 1"],
    ["hostname", "web", "hostname: needs a uts namespace"],
    ["domainname", "org", "domainname: needs a uts namespace"],
    ["mounts", {}, "mounts: must be an array: got an object"],
    ["mounts", [null], "mounts[0]: must be an object: got null"],
    ["mounts", [{ type: "proc" }], "mounts[0].destination: must be given"],
    [
      "mounts",
      [{ destination: "/a", options: [1] }],
      "mounts[0].options[0]: must be a string: got 1",
    ],
    ["mounts", [{ destination: "/a\0" }], "mounts[0].destination: must not contain a NUL byte"],
    [
      "mounts",
      [{ destination: "/proc/sys/../self//attr", type: "tmpfs", source: "tmpfs" }],
      'mounts[0]: "/proc/sys/../self//attr" cannot be mounted because it is inside /proc',
    ],
    [
      "mounts",
      [{ destination: "/proc", type: "tmpfs", source: "tmpfs" }],
      'mounts[0]: "/proc" cannot be mounted because it is not of type proc',
    ],
    ["mounts", [{ destination: "/proc/meminfo", type: "bind", source: "/x" }], "accepted"],
    ["mounts", [{ destination: "/procedures", type: "tmpfs", source: "tmpfs" }], "accepted"],
    [
      "mounts",
      [{ destination: "/.", type: "tmpfs" }],
      'mounts[0].destination: must be below the root: got "/."',
    ],
    [
      "mounts",
      [{ destination: "/a", options: ["rbind"] }],
      "mounts[0].source: must be given for a bind mount",
    ],
    [
      "mounts",
      [
        {
          destination: "/a",
          type: "tmpfs",
          uidMappings: [{ containerID: 0, hostID: 1, size: 1 }],
          gidMappings: [{ containerID: 0, hostID: 1, size: 1 }],
        },
      ],
      "mounts[0]: id mappings are for bind mounts only",
    ],
    [
      "mounts",
      [
        {
          destination: "/a",
          source: "/b",
          options: ["bind"],
          uidMappings: [{ containerID: 0, hostID: 1, size: 1 }],
        },
      ],
      "mounts[0]: uidMappings and gidMappings must be given together",
    ],
    [
      "mounts",
      [{ destination: "/a", source: "/b", options: ["bind", "idmap"] }],
      "mounts[0]: idmap needs uidMappings and gidMappings, or a user namespace",
    ],
    ["hooks", { prestart: [{ args: ["x"] }] }, "hooks.prestart[0].path: must be given"],
    [
      "hooks",
      { poststop: [{ path: "x" }] },
      'hooks.poststop[0].path: must be an absolute path: got "x"',
    ],
    [
      "hooks",
      { poststop: [{ path: "/x", timeout: 0 }] },
      "hooks.poststop[0].timeout: must be between 1 and 2147483647: got 0",
    ],
    ["annotations", { a: 1 }, "annotations.a: must be a string: got 1"],
  ]);
});
