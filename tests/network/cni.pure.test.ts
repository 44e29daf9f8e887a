// What CNI plugins are asked, and which files are networks.

import { expect, test } from "bun:test";
import {
  makeCniEnvironment,
  makeCniRequest,
  parseCniError,
  parseCniNetwork,
} from "../../network/cni.ts";

const list = { cniVersion: "1.0.0", name: "pods", plugins: [{ type: "bridge", mtu: 9000 }] };

test("a list of plugins is a network, and so is a single one", () => {
  expect(parseCniNetwork(JSON.stringify(list))).toEqual(list);
  const single = parseCniNetwork('{"name":"one","type":"ptp"}');
  expect(single?.plugins.map(({ type }) => type)).toEqual(["ptp"]);
});

const refused = ["", "[]", "null", "{}", '{"name":"x"}', '{"name":"x","plugins":[]}'];
for (const text of [
  ...refused,
  '{"name":"x","type":"../../bin/sh"}',
  '{"name":"x","plugins":[{}]}',
]) {
  test(`${JSON.stringify(text)} is no network`, () =>
    expect(parseCniNetwork(text)).toBeUndefined());
}

test("a plugin is told of the network, of what the one before has made, and of ports if it wants", () => {
  const network = { ...list, plugins: [{ type: "portmap", capabilities: { portMappings: true } }] };
  const ports = [{ hostPort: 8080, containerPort: 80, protocol: "tcp" }];
  const [plugin = { type: "" }] = network.plugins;
  expect(JSON.parse(makeCniRequest(network, plugin, ports, { ips: [] }))).toEqual({
    type: "portmap",
    name: "pods",
    cniVersion: "1.0.0",
    prevResult: { ips: [] },
    runtimeConfig: { portMappings: ports },
  });
  expect(JSON.parse(makeCniRequest(network, { type: "bridge" }, ports, undefined))).toEqual({
    type: "bridge",
    name: "pods",
    cniVersion: "1.0.0",
  });
  const place = { id: "1", netns: "/n", link: "eth0", path: "/a:/b" };
  expect(makeCniEnvironment("DEL", place).slice(0, 5)).toEqual([
    "CNI_COMMAND=DEL",
    "CNI_CONTAINERID=1",
    "CNI_NETNS=/n",
    "CNI_IFNAME=eth0",
    "CNI_PATH=/a:/b",
  ]);
});

test("a plugin's own words say why it has failed", () => {
  expect(parseCniError('{"code":7,"msg":"no address","details":"in 10.0.0.0/30"}', "")).toBe(
    "no address: in 10.0.0.0/30",
  );
  expect(parseCniError("", "panic\nlast\n")).toBe("last");
  expect(parseCniError("", "")).toBe("no reason was given");
});
