// What `ip` is told of a device that moves into a container.

import { expect, test } from "bun:test";
import {
  listMovableAddresses,
  planDeviceArrival,
  planDeviceMove,
} from "../../network/device-move.ts";

test("a device changes its name and its namespace in one request", () => {
  expect(planDeviceMove("eth1", "net0", "/proc/7/ns/net").map((args) => args.join(" "))).toEqual([
    "link set dev eth1 down",
    "link set dev eth1 name net0 netns /proc/7/ns/net",
  ]);
});

test("it arrives with the addresses that somebody gave it and that mean the same everywhere", () => {
  const address = (local: string, prefixlen: number, scope: string, more = {}) => ({
    local,
    prefixlen,
    scope,
    ...more,
  });
  const json = JSON.stringify([
    {
      ifname: "eth1",
      addr_info: [
        address("10.1.0.2", 24, "global"),
        address("10.1.0.9", 24, "global", { dynamic: true }),
        address("169.254.1.1", 16, "link"),
        address("fd00::1", 64, "global"),
      ],
    },
  ]);
  expect(planDeviceArrival("net0", listMovableAddresses(json))).toEqual([
    "address add 10.1.0.2/24 dev net0",
    "address add fd00::1/64 dev net0",
    "link set dev net0 up",
  ]);
});
