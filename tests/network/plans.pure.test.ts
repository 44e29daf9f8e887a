// What `ip -batch` and `nft -f` are told, word for word; and what all kinds of networks keep to.

import { describe, expect, test } from "bun:test";
import type { Endpoint, NetworkDefinition } from "../../network/definition.ts";
import { drivers } from "../../network/driver.ts";
import { formatTables, iptables } from "../../network/iptables.ts";
import { planBridge } from "../../network/link-plan.ts";
import {
  formatNetwork,
  formatNetworkRemoval,
  formatPorts,
  formatRuleset,
} from "../../network/ruleset.ts";

const network: NetworkDefinition = {
  id: "a".repeat(64),
  name: "app",
  driver: "bridge",
  createdMs: 0,
  link: "bk-aaaaaaaaaaaa",
  subnets: [
    { subnet: "10.9.0.0/24", gateway: "10.9.0.1" },
    { subnet: "fd09::/64", gateway: "fd09::1" },
  ],
  ipv6: true,
  internal: false,
  attachable: false,
  labels: {},
  options: {},
};

const endpoint: Endpoint = {
  network: "app",
  networkId: network.id,
  hostLink: "bkbbbbbbbbbbb0",
  bridge: network.link,
  name: "eth0",
  mac: "02:42:0a:09:00:02",
  ip4: "10.9.0.2/24",
  ip6: "fd09::2/64",
  gateway4: "10.9.0.1",
  gateway6: "fd09::1",
  linkLocal: ["169.254.9.9"],
  aliases: [],
  mtu: 1500,
  isDefault: true,
};

describe("the batch of links", () => {
  test("makes a bridge with its addresses", () => {
    expect(planBridge(network)).toEqual([
      "link add name bk-aaaaaaaaaaaa address 02:42:0a:09:00:01 mtu 1500 type bridge",
      "address add 10.9.0.1/24 broadcast + dev bk-aaaaaaaaaaaa",
      "address add fd09::1/64 nodad dev bk-aaaaaaaaaaaa",
      "link set dev bk-aaaaaaaaaaaa up",
      "route append local fd62:756e:6b73::1 dev bk-aaaaaaaaaaaa",
    ]);
  });

  test("makes a container's links by one process on the host's side", () => {
    expect(drivers.bridge.setUp(network, endpoint, "77")).toEqual([
      "link add name bkbbbbbbbbbbb0 mtu 1500 master bk-aaaaaaaaaaaa type veth peer name eth0 address 02:42:0a:09:00:02 mtu 1500 netns 77",
      "link set dev bkbbbbbbbbbbb0 addrgenmode none",
      "link set dev bkbbbbbbbbbbb0 up type bridge_slave hairpin on",
    ]);
    expect(drivers.bridge.setUpInside(endpoint)).toEqual([
      "address add 10.9.0.2/24 broadcast + dev eth0",
      "address add fd09::2/64 nodad dev eth0",
      "address add 169.254.9.9/16 scope link dev eth0",
      "link set dev eth0 up",
      "route append fd62:756e:6b73::1 via fd09::1 dev eth0",
      "route add default via 10.9.0.1 dev eth0",
      "route add default via fd09::1 dev eth0",
    ]);
  });

  test("gives no link an IPv6 address of its own where the network has none", () => {
    const inside = drivers.bridge.setUpInside({ ...endpoint, ip6: "", gateway6: "" });
    expect(inside.slice(-3)).toEqual([
      "link set dev eth0 addrgenmode none",
      "link set dev eth0 up",
      "route add default via 10.9.0.1 dev eth0",
    ]);
  });

  test("gives the way out to one network only", () => {
    const inside = drivers.bridge.setUpInside({ ...endpoint, isDefault: false });
    expect(inside.filter((line) => line.includes("default"))).toEqual([]);
  });

  test("makes a macvlan or an ipvlan of its parent", () => {
    const onParent = { ...endpoint, bridge: "eth9", hostLink: "" };
    expect(drivers.macvlan.setUp(network, onParent, "7")).toEqual([
      "link add link eth9 name eth0 address 02:42:0a:09:00:02 mtu 1500 netns 7 type macvlan mode bridge",
    ]);
    const l3 = { ...network, options: { ipvlan_mode: "l3" } };
    expect(drivers.ipvlan.setUp(l3, onParent, "7")).toEqual([
      "link add link eth9 name eth0 mtu 1500 netns 7 type ipvlan mode l3",
    ]);
  });
});

describe("every kind of network", () => {
  for (const [name, driver] of Object.entries(drivers)) {
    test(`${name} makes what it takes away, and nothing else`, () => {
      const outside = driver.setUp(network, endpoint, "7");
      const inside = driver.setUpInside(endpoint);
      const away = driver.tearDown(endpoint);
      expect(outside.length === 0).toBe(inside.length === 0);
      // What is in the container's namespace goes with it; the host's end may have to be named.
      for (const line of away) expect(outside.join()).toContain(line.replace(/.* dev /, ""));
      for (const line of [...outside, ...inside]) expect(line).not.toMatch(/\s\s|undefined|\n/);
    });
  }

  for (const driver of [drivers.macvlan, drivers.ipvlan]) {
    test("on a parent refuses to be without one, or in a mode that is none", () => {
      const kind = driver === drivers.macvlan ? "macvlan" : "ipvlan";
      const made = { ...network, driver: kind } as const;
      expect(() => driver.validate(made)).toThrow(`a ${kind} network needs a parent`);
      const options = { parent: "eth0", [`${kind}_mode`]: "x" };
      expect(() => driver.validate({ ...made, options })).toThrow(`unknown ${kind}_mode: "x"`);
    });
  }
});

describe("the transaction of rules", () => {
  const target = { ip4: "10.9.0.2", ip6: "fd09::2" };
  const tcp = { protocol: "tcp", hostIp: "", hostPort: 8080, containerPort: 80 } as const;

  test("never touches another table", () => {
    const statements = formatRuleset([network]).split("\n");
    const named = statements.filter((line) => /^(add|delete|flush|table)\b/.test(line));
    expect(named.length).toBeGreaterThan(3);
    for (const line of named) expect(line).toContain("inet bunker");
  });

  test("has a network's elements, and takes the same away", () => {
    expect(formatNetwork(network)).toBe(
      `add element inet bunker bridges { "bk-aaaaaaaaaaaa" }
add element inet bunker same { "bk-aaaaaaaaaaaa" . "bk-aaaaaaaaaaaa" }
add element inet bunker named { "bk-aaaaaaaaaaaa" }
add element inet bunker masquerade4 { 10.9.0.0/24 }
add element inet bunker masquerade6 { fd09::/64 }
`,
    );
    const removal = formatNetworkRemoval(network).join("");
    expect(removal).toBe(formatNetwork(network).replaceAll("add element", "delete element"));
  });

  test("lets an internal network neither out nor in", () => {
    const internal = formatNetwork({ ...network, internal: true });
    expect(internal).toContain('internal { "bk-aaaaaaaaaaaa" }');
    expect(internal).not.toContain("masquerade");
  });

  test("publishes twenty ports in one statement for each family and one for [::1]", () => {
    const ports = Array.from({ length: 20 }, (_, index) => ({ ...tcp, hostPort: 9000 + index }));
    expect(formatPorts(ports, target).trim().split("\n")).toHaveLength(3);
  });

  test("publishes a port on all addresses, on one, in the families that the container has", () => {
    const bound = { ...tcp, hostIp: "127.0.0.1" };
    const bound6 = { ...tcp, protocol: "udp", hostIp: "2001:db8::1" } as const;
    expect(formatPorts([tcp, bound, bound6], target)).toBe(
      `add element inet bunker any4 { tcp . 8080 : 10.9.0.2 . 80 }
add element inet bunker any6 { tcp . 8080 : fd09::2 . 80 }
add element inet bunker loopback6 { tcp . 8080 }
add element inet bunker bound4 { 127.0.0.1 . tcp . 8080 : 10.9.0.2 . 80 }
add element inet bunker bound6 { 2001:db8::1 . udp . 8080 : fd09::2 . 80 }
`,
    );
    expect(formatPorts([tcp, bound6], { ...target, ip6: "" })).toBe(
      "add element inet bunker any4 { tcp . 8080 : 10.9.0.2 . 80 }\n",
    );
  });

  test("publishes a port on [::1]", () => {
    const loopback = { ...tcp, hostIp: "::1" };
    expect(formatPorts([loopback], target)).toBe(
      `add element inet bunker bound6 { ::1 . tcp . 8080 : fd09::2 . 80 }
add element inet bunker loopback6 { tcp . 8080 }
`,
    );
  });
});

describe("the same rules for iptables", () => {
  const target = { ip4: "10.9.0.2", ip6: "fd09::2" };
  const tcp = { protocol: "tcp", hostIp: "", hostPort: 8080, containerPort: 80 } as const;
  const published = { ports: [tcp, { ...tcp, hostIp: "127.0.0.1", hostPort: 81 }], target };

  test("are in chains of our own, to which one rule of each built-in chain leads", () => {
    const text = formatTables([network], [published], 4, "");
    const rules = text.split("\n").filter((line) => line.startsWith("-"));
    for (const rule of rules) expect(rule).toMatch(/^-(A BUNKER|I BUNKER|I [A-Z]+ 1 .*BUNKER)/);
    expect(rules.filter((rule) => rule.startsWith("-I FORWARD"))).toHaveLength(1);
    const saved = "*filter\n:FORWARD DROP [0:0]\n-A FORWARD -j BUNKER-FORWARD\nCOMMIT\n";
    expect(formatTables([network], [], 4, saved)).not.toContain("-I FORWARD");
    // The same words in another table are no jump of this one.
    const other = saved.replace("*filter", "*mangle");
    expect(formatTables([network], [], 4, other)).toContain("-I FORWARD");
  });

  test("close a bridge before anything may pass, and take what is bound before the rest", () => {
    const text = formatTables([network], [published], 4, "");
    const into = text.split("\n").filter((line) => line.startsWith("-A BUNKER-INTO"));
    expect(into).toEqual([
      "-A BUNKER-INTO -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT",
      "-A BUNKER-INTO -m conntrack --ctstate DNAT -j ACCEPT",
      "-A BUNKER-INTO -i bk-aaaaaaaaaaaa -j DROP",
      "-A BUNKER-INTO -j DROP",
    ]);
    expect(text).toContain(
      "-A BUNKER-PUBLISH -p tcp -m tcp --dport 8080 -j DNAT --to-destination 10.9.0.2:80\n" +
        "-I BUNKER-PUBLISH -d 127.0.0.1 -p tcp -m tcp --dport 81 -j DNAT --to-destination 10.9.0.2:80\n",
    );
  });

  test("keep an internal network's packets in, and IPv6 apart from IPv4", () => {
    const internal = formatTables([{ ...network, internal: true }], [], 6, "");
    expect(internal).toContain("-A BUNKER-OUT -i bk-aaaaaaaaaaaa -j DROP\n");
    expect(internal).not.toContain("MASQUERADE");
    expect(formatTables([network], [published], 6, "")).not.toContain("10.9");
  });

  test("are taken away as they were made, one by one where one is missing", () => {
    const [four, six] = iptables.planLateRemoval({ ports: [tcp], target });
    expect(four).toEqual({
      program: "iptables-restore",
      args: ["-w", "--noflush"],
      text: "*nat\n-D BUNKER-PUBLISH -p tcp -m tcp --dport 8080 -j DNAT --to-destination 10.9.0.2:80\nCOMMIT\n",
    });
    expect(six?.text).toContain("--to-destination [fd09::2]:80\n");
    const [removal] = iptables.planNetworkRemoval(network);
    const made = formatTables([network], [], 4, "");
    const parts = removal === undefined ? [] : iptables.split(removal);
    expect(parts.length).toBeGreaterThan(5);
    for (const { text } of parts) {
      const [table = "", line = "", end] = text.split("\n");
      expect(end).toBe("COMMIT");
      const section = made.slice(made.indexOf(table));
      expect(section.slice(0, section.indexOf("COMMIT"))).toContain(line.replace("-D", "-A"));
    }
  });
});
