// `explain run --network …`: what would be told to ip and nft.

import { expect, test } from "bun:test";
import { explainNetworks } from "../../src/engine/networks/explain-network.ts";

const nothing = {
  publishAll: false,
  expose: [],
  dns: [],
  dnsSearch: [],
  dnsOptions: [],
  addHosts: [],
};
const port = {
  protocol: "tcp",
  hostIp: "",
  hostPort: 8080,
  hostPortLast: 8080,
  containerPort: 80,
} as const;

test("the links and the rules of a container are told as ip and nft are told them", () => {
  const networks = [{ name: "bridge", aliases: [], linkLocal: [] }];
  const [room] = explainNetworks({ ...nothing, networks, publish: [port] });
  const calls = (room?.steps ?? []).flatMap((step) => step.calls.map(({ text }) => text));
  expect(calls.filter((text) => text.includes("eth0") || text.startsWith("nft"))).toEqual([
    "nft(add element inet bunker any4 { tcp . 8080 : <address> . 80 })",
    "ip(link add name <link0> mtu 1500 master bunker0 type veth peer name eth0 address <mac> mtu 1500 netns <init>)",
    expect.stringMatching(/^ip\(address add <address>\/24 broadcast \+ dev eth0\)$/),
    "ip(link set dev eth0 addrgenmode none)",
    "ip(link set dev eth0 up)",
    expect.stringMatching(/^ip\(route add default via \S+ dev eth0\)$/),
  ]);
});

test("a network that is not there is refused, and without one there is nothing to tell", () => {
  const networks = [{ name: "nowhere-at-all", aliases: [], linkLocal: [] }];
  expect(() => explainNetworks({ ...nothing, networks, publish: [] })).toThrow(
    "network nowhere-at-all not found",
  );
  expect(explainNetworks({ ...nothing, networks: [], publish: [] })).toEqual([]);
});
