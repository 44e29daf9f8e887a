// What passes between containers, to the outside and from it, and where nothing may: the same for
// everybody who sets the rules.

import { expect, test } from "bun:test";
import { eventually } from "../harness/eventually.ts";
import {
  ASK,
  SERVE,
  addressesOf,
  ask,
  CLIENT_IP,
  Conversation,
  GREETER,
  HOST_IP,
  HOST_IP6,
  ipOf,
  type Machine,
  type Network,
  run,
} from "./machines.ts";

/** What depends on the kernel most. @param firewall who sets the rules on that machine */
export function testWays(network: Network, firewall: "nft" | "iptables"): void {
  const { host, client, ok, start } = network;

  test("a container reaches the outside with the host's address", async () => {
    client.start(GREETER(7000, "client"));
    expect(ask(client, "TCP:127.0.0.1:7000")).toContain("client saw");
    const script = `${ASK} TCP:${CLIENT_IP}:7000`;
    const said = await ok("run", "--rm", "--network", "bridge", "/bin/sh", "-c", script);
    expect(said).toBe(`client saw ${HOST_IP}`);
  });

  // Kernel: a bridge without an address of its own has the lowest of its links'.
  test("a container's way out stays open while others come and go", async () => {
    client.start(GREETER(7007, "client"));
    await start("stays", ["--network", "bridge"], GREETER(80, "stays"));
    const address = () => host.sh("ip -brief link show bunker0 | awk '{ print $3 }'");
    const first = address();
    const reached = async (): Promise<void> => {
      const script = `${ASK} TCP:${CLIENT_IP}:7007`;
      expect(await ok("exec", "stays", "/bin/sh", "-c", script)).toBe(`client saw ${HOST_IP}`);
      expect(address()).toBe(first);
    };
    await reached();
    const others = ["other1", "other2", "other3", "other4"];
    for (const other of others) {
      await start(other, ["--network", "bridge"], GREETER(80, other));
      await reached();
    }
    for (const other of others) {
      await ok("rm", "-f", other);
      await reached();
    }
    await ok("rm", "-f", "stays");
  });

  // Kernel: a flow of datagrams is redirected, or not, by what was published when it began.
  test("whoever asks a port by UDP all the while is answered by each container that has it", async () => {
    const words = ["socat", "-t0.3", "-T0.3", "-", `UDP:${HOST_IP}:5353,sourceport=4444`];
    const asked = (): string => run([...client.prefix, ...words], "hello\n").stdout.trim();
    const answer = (name: string): string =>
      `exec ${SERVE} UDP-LISTEN:53,fork SYSTEM:'echo ${name}'`;
    expect(asked()).toBe("");
    for (const name of ["first", "second"]) {
      await start(name, ["-p", "5353:53/udp"], answer(name));
      await eventually(() => asked() === name);
      await ok("restart", "-t", "0", name);
      await eventually(() => asked() === name);
      await ok("rm", "-f", name);
    }
    // It is the host's own again.
    if (firewall === "nft") {
      host.start(`exec ${SERVE} UDP-LISTEN:5353,fork SYSTEM:'echo own'`);
      await eventually(() => asked() === "own");
    }
  });

  test("a server of names whose port is published answers others, and containers have theirs", async () => {
    const pair = async (asks: string, other: string): Promise<() => Promise<void>> => {
      await ok("network", "create", "named");
      for (const name of [asks, other])
        await start(name, ["--network", "named"], GREETER(80, name));
      const ip = ipOf(await ok("inspect", other), "named");
      return async () => expect(await ok("exec", asks, "getent", "hosts", other)).toStartWith(ip);
    };
    const found = await pair("asks", "other");
    await found();
    const answer = `exec ${SERVE} UDP-LISTEN:53,fork SYSTEM:'echo published'`;
    await start("serves", ["-p", "53:53/udp", "-p", "53:53"], answer);
    await found();
    expect(ask(client, `UDP:${HOST_IP}:53`, "hello\n")).toBe("published");
    await ok("rm", "-f", "asks", "other");
    await ok("network", "rm", "named");
    // The same where that one was there before.
    const foundLater = await pair("asks-later", "other-later");
    await foundLater();
    await ok("rm", "-f", "asks-later", "other-later", "serves");
    await ok("network", "rm", "named");
  });

  test("a published port is reached from outside, the host, its loopback, others and itself", async () => {
    await start("web", ["-p", "8080:80"], GREETER(80, "web"));
    expect(ask(client, `TCP:${HOST_IP}:8080`)).toBe(`web saw ${CLIENT_IP}`);
    expect(ask(host, `TCP:${HOST_IP}:8080`)).toContain("web saw");
    expect(ask(host, "TCP:127.0.0.1:8080")).toContain("web saw");
    const hairpin = `${ASK} TCP:${HOST_IP}:8080`;
    expect(await ok("exec", "web", "/bin/sh", "-c", hairpin)).toContain("web saw");
    const other = ["run", "--rm", "--network", "bridge", "/bin/sh", "-c", hairpin];
    expect(await ok(...other)).toContain("web saw");
    expect(await ok("port", "web")).toBe("80/tcp -> 0.0.0.0:8080");
    await ok("rm", "-f", "web");
    expect(ask(client, `TCP:${HOST_IP}:8080`, "", 2)).toBe("");
  });

  test("the same holds where bridged packets pass no IP rules", async () => {
    setBridgeRules(host, false);
    await start("web", ["-p", "8080:80"], GREETER(80, "web"));
    const hairpin = `${ASK} TCP:${HOST_IP}:8080`;
    expect(ask(host, "TCP:127.0.0.1:8080")).toContain("web saw");
    expect(await ok("exec", "web", "/bin/sh", "-c", hairpin)).toContain("web saw");
    const other = ["run", "--rm", "--network", "bridge", "/bin/sh", "-c", hairpin];
    expect(await ok(...other)).toContain("web saw");
    await ok("rm", "-f", "web");
    setBridgeRules(host, true);
  });

  test("IPv6 goes both ways as well", async () => {
    await ok("network", "create", "--ipv6", "six");
    const script = `exec ${SERVE} TCP6-LISTEN:80,fork,reuseaddr SYSTEM:'echo six'`;
    const flags = ["--network", "six", "-p", "8086:80", "-p", "[::1]:8087:80"];
    await start("six6", flags, script);
    expect(ask(client, `TCP6:[${HOST_IP6}]:8086`)).toBe("six");
    expect(ask(client, `TCP6:[${HOST_IP6}]:8087`, "", 1)).toBe("");
    // Without rewriting addresses there is no way to it.
    for (const port of firewall === "nft" ? [8086, 8087] : []) {
      setBridgeRules(host, false);
      expect(ask(host, `TCP6:[::1]:${port}`)).toBe("six");
      setBridgeRules(host, true);
      expect(ask(host, `TCP6:[::1]:${port}`)).toBe("six");
      expect(ask(host, `TCP6:[::1]:${port},bind=[${HOST_IP6}]`)).toBe("six");
    }
    // What is the host's own on its loopback stays so.
    host.start(`exec ${SERVE} TCP6-LISTEN:8088,bind=[::1],fork,reuseaddr SYSTEM:'echo own'`);
    expect(ask(host, "TCP6:[::1]:8088")).toBe("own");
    client.start(`${SERVE} TCP6-LISTEN:7006,fork,reuseaddr SYSTEM:'echo $SOCAT_PEERADDR'`);
    expect(ask(client, "TCP6:[::1]:7006")).toContain(":0001]");
    const out = await ok("exec", "six6", "/bin/sh", "-c", `${ASK} TCP6:[2001:db8::2]:7006`);
    expect(out).toBe("[2001:0db8:0000:0000:0000:0000:0000:0001]");
    await ok("rm", "-f", "six6");
  });

  // Without rewriting addresses there is no way to it.
  if (firewall === "nft") testPortInUse(network);
}

function testPortInUse({ host, ok, start }: Network): void {
  test("a port that speaks to a container's address speaks by [::1] to a published one as well", async () => {
    await ok("network", "create", "--ipv6", "both");
    const answer = "while read word; do echo $SOCAT_PEERPORT $word; done";
    const script = `exec ${SERVE} TCP6-LISTEN:80,fork,reuseaddr SYSTEM:'${answer}'`;
    await start("both6", ["--network", "both", "-p", "8089:80"], script);
    const { GlobalIPv6Address, IPv6Gateway } = addressesOf(await ok("inspect", "both6"), "both");
    expect(ask(host, "TCP6:[::1]:8089", "hello\n")).toEndWith(" hello");
    for (const port of [6001, 6002]) {
      setBridgeRules(host, port === 6002);
      const from = (address: string) => `bind=[${address}]:${port},reuseaddr`;
      using first = new Conversation(host, `TCP6:[${GlobalIPv6Address}]:80,${from(IPv6Gateway)}`);
      expect(await first.ask("one")).toBe(`${port} one`);
      using second = new Conversation(host, `TCP6:[::1]:8089,${from("::1")}`);
      expect(await second.ask("two")).toEndWith(" two");
      expect(await first.ask("three")).toBe(`${port} three`);
      expect(await second.ask("four")).toEndWith(" four");
    }
    await ok("rm", "-f", "both6");
  });
}

/** Whom it reaches, and whom not. */
export function testTraffic(network: Network): void {
  const { host, client, ok, start, bunker } = network;

  test("a container of macvlan or ipvlan is on the cable itself", async () => {
    for (const driver of ["macvlan", "ipvlan"]) {
      const probe = `ip link add link cable1 name probe0 type ${driver} && ip link delete probe0`;
      if (run([...client.prefix, "sh", "-c", probe]).exitCode !== 0) {
        console.warn(`skipped: ${driver}: this kernel has none`);
        continue;
      }
      const options = ["--subnet", "192.0.2.0/24", "--ip-range", "192.0.2.128/25"];
      const on = ["--gateway", CLIENT_IP, "-o", "parent=cable0"];
      await ok("network", "create", "-d", driver, ...options, ...on, driver);
      await start(driver, ["--network", driver], GREETER(80, driver));
      const ip = ipOf(await ok("inspect", driver), driver);
      expect(ask(client, `TCP:${ip}:80`)).toBe(`${driver} saw ${CLIENT_IP}`);
      // By name as well, though the host is a stranger to both; their own port 53 is theirs.
      const byName = `${SERVE} TCP-LISTEN:53,fork SYSTEM:true & ${ASK} TCP:${driver}:80`;
      const other = ["run", "--rm", "--network", driver, "/bin/sh", "-c", byName];
      expect(await ok(...other)).toContain(`${driver} saw 192.0.2.`);
      await ok("rm", "-f", driver);
      await ok("network", "rm", driver);
    }
  });

  test("what is not published is not reached from outside, but in a network that is routed", async () => {
    const option = "com.docker.network.bridge.gateway_mode_ipv4=routed";
    await ok("network", "create", "-o", option, "routed");
    for (const name of ["bridge", "routed"]) {
      await start("plain", ["--network", name], GREETER(80, "plain"));
      const ip = ipOf(await ok("inspect", "plain"), name);
      expect(ask(host, `TCP:${ip}:80`)).toContain("plain saw");
      client.sh(`ip route replace ${ip} via ${HOST_IP}`);
      const said = ask(client, `TCP:${ip}:80`, "", name === "bridge" ? 1 : Infinity);
      expect(said).toBe(name === "bridge" ? "" : `plain saw ${CLIENT_IP}`);
      client.sh(`ip route delete ${ip}`);
      await ok("rm", "-f", "plain");
    }
  });

  test("a range, a protocol and an address of the host are published as asked", async () => {
    const script = `${SERVE} UDP-LISTEN:53,fork SYSTEM:'echo udp' & ${SERVE} TCP-LISTEN:81,fork SYSTEM:'echo two' & ${GREETER(80, "one")}`;
    const flags = [
      "-p",
      "9000-9001:80-81",
      "-p",
      `${HOST_IP}:9053:53/udp`,
      "-p",
      "127.0.0.1:9100:80",
    ];
    await start("many", flags, script);
    expect(ask(client, `TCP:${HOST_IP}:9000`)).toContain("one saw");
    expect(ask(client, `TCP:${HOST_IP}:9001`)).toBe("two");
    expect(ask(host, "TCP:127.0.0.1:9100")).toContain("one saw");
    expect(ask(client, `TCP:${HOST_IP}:9100`, "", 1)).toBe("");
    expect(ask(client, `UDP:${HOST_IP}:9053`, "hello\n")).toBe("udp");
    await ok("rm", "-f", "many");
  });

  test("networks do not see each other, and an internal one sees no way out", async () => {
    for (const name of ["left", "right"]) await ok("network", "create", name);
    await ok("network", "create", "--internal", "inner");
    await start("lefty", ["--network", "left"], GREETER(80, "lefty"));
    const ip = ipOf(await ok("inspect", "lefty"), "left");
    const to = `${ASK} TCP:${ip}:80,connect-timeout=1`;
    const from = (name: string) => bunker(["run", "--rm", "--network", name, "/bin/sh", "-c", to]);
    // Its server may need a moment.
    await eventually(async () => (await from("left")).stdout.includes("lefty saw"));
    expect((await from("right")).stdout).toBe("");
    expect((await from("inner")).stdout).toBe("");
    client.start(GREETER(7001, "client"));
    expect(ask(client, "TCP:127.0.0.1:7001")).toContain("client saw");
    const outside = `${ASK} TCP:${CLIENT_IP}:7001,connect-timeout=1`;
    const inner = ["run", "--rm", "--network", "inner", "/bin/sh", "-c", outside];
    expect((await bunker(inner)).stdout).toBe("");
    const left = ["run", "--rm", "--network", "left", "/bin/sh", "-c", outside];
    expect(await ok(...left)).toContain("client saw");
    // A container in both is seen by both.
    await ok("network", "connect", "--alias", "friend", "right", "lefty");
    const byName = `${ASK} TCP:friend:80,connect-timeout=1`;
    expect(await ok("run", "--rm", "--network", "right", "/bin/sh", "-c", byName)).toContain(
      "lefty saw",
    );
    await ok("network", "disconnect", "right", "lefty");
    expect((await from("right")).stdout).toBe("");
    await ok("rm", "-f", "lefty");
  });

  test("a published port and the way out follow a container from network to network", async () => {
    await ok("network", "create", "--ipv6", "first");
    await ok("network", "create", "--internal", "closed");
    await ok("network", "create", "--ipv6", "second");
    await start("nomad", ["--network", "first", "-p", "8090:80"], GREETER(80, "nomad"));
    const answers = (attempts = Infinity): boolean =>
      ask(client, `TCP:${HOST_IP}:8090`, "", attempts) === `nomad saw ${CLIENT_IP}`;
    const ways = (): Promise<string> =>
      ok("exec", "nomad", "/bin/sh", "-c", "ip route; ip -6 route | grep default");
    expect(answers()).toBe(true);
    await ok("network", "connect", "closed", "nomad");
    await ok("network", "connect", "second", "nomad");
    await ok("network", "disconnect", "first", "nomad");
    expect(answers()).toBe(true);
    expect((await ways()).match(/default via/g)).toHaveLength(2);
    await ok("network", "disconnect", "second", "nomad");
    expect(answers(1)).toBe(false);
    await ok("network", "connect", "first", "nomad");
    expect(answers()).toBe(true);
    expect((await ways()).match(/default via/g)).toHaveLength(2);
    await ok("rm", "-f", "nomad");
  });
}

/** Whether bridged packets pass the IP rules: br_netfilter's switches are each machine's own. */
function setBridgeRules(machine: Machine, isOn: boolean): void {
  const files = "bridge-nf-call-iptables bridge-nf-call-ip6tables";
  const write = `echo ${isOn ? 1 : 0} | tee ${files} >/dev/null`;
  machine.sh(`cd /proc/sys/net/bridge 2>/dev/null || exit 0; ${write}`);
}
