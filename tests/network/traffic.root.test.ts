// Real traffic: between containers, to the outside, from the outside, and where none may pass.

import { beforeAll, expect, test } from "bun:test";
import { isProcessAlive } from "../../ffi/agent/alive.ts";
import { haveCommand, needsRoot, skipUnless } from "../harness/tier.ts";
import {
  ask,
  CLIENT_IP,
  GREETER,
  HOST_IP,
  HOST_IP6,
  type Machine,
  type Network,
  openNetwork,
  run,
} from "./machines.ts";

const needed = ["ip", "nft", "socat", "dig", "nsenter"];
const missing = needed.filter((command) => !haveCommand(command));

skipUnless(missing.length === 0, `networks: ${missing.join(", ")} not installed`)(
  "networks",
  () => {
    needsRoot("containers in networks", () => {
      const network = openNetwork();
      const { host, client, ok, start, bunker } = network;
      beforeAll(async () => {
        await ok("network", "create", "app");
      });

      test("a container reaches the outside with the host's address", async () => {
        client.start(GREETER(7000, "client"));
        expect(ask(client, "TCP:127.0.0.1:7000")).toContain("client saw");
        const script = `socat -T2 - TCP:${CLIENT_IP}:7000`;
        const said = await ok("run", "--rm", "--network", "bridge", "/bin/sh", "-c", script);
        expect(said).toBe(`client saw ${HOST_IP}`);
      });

      test("a published port is reached from outside, the host, its loopback, others and itself", async () => {
        await start("web", ["-p", "8080:80"], GREETER(80, "web"));
        expect(ask(client, `TCP:${HOST_IP}:8080`)).toBe(`web saw ${CLIENT_IP}`);
        expect(ask(host, `TCP:${HOST_IP}:8080`)).toContain("web saw");
        expect(ask(host, "TCP:127.0.0.1:8080")).toContain("web saw");
        const hairpin = `socat -T2 - TCP:${HOST_IP}:8080`;
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
        const hairpin = `socat -T2 - TCP:${HOST_IP}:8080`;
        expect(ask(host, "TCP:127.0.0.1:8080")).toContain("web saw");
        expect(await ok("exec", "web", "/bin/sh", "-c", hairpin)).toContain("web saw");
        const other = ["run", "--rm", "--network", "bridge", "/bin/sh", "-c", hairpin];
        expect(await ok(...other)).toContain("web saw");
        await ok("rm", "-f", "web");
        setBridgeRules(host, true);
      });

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
          const said = ask(client, `TCP:${ip}:80`, "", name === "bridge" ? 1 : 40);
          expect(said).toBe(name === "bridge" ? "" : `plain saw ${CLIENT_IP}`);
          client.sh(`ip route delete ${ip}`);
          await ok("rm", "-f", "plain");
        }
      });

      test("a range, a protocol and an address of the host are published as asked", async () => {
        const script = `socat UDP-LISTEN:53,fork SYSTEM:'echo udp' & socat TCP-LISTEN:81,fork SYSTEM:'echo two' & ${GREETER(80, "one")}`;
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

      test("IPv6 goes both ways as well", async () => {
        await ok("network", "create", "--ipv6", "six");
        const script = "exec socat TCP6-LISTEN:80,fork,reuseaddr SYSTEM:'echo six'";
        const flags = ["--network", "six", "-p", "8086:80", "-p", "[::1]:8087:80"];
        await start("six6", flags, script);
        expect(ask(client, `TCP6:[${HOST_IP6}]:8086`)).toBe("six");
        expect(ask(client, `TCP6:[${HOST_IP6}]:8087`, "", 1)).toBe("");
        for (const port of [8086, 8087]) {
          setBridgeRules(host, false);
          expect(ask(host, `TCP6:[::1]:${port}`)).toBe("six");
          setBridgeRules(host, true);
          expect(ask(host, `TCP6:[::1]:${port}`)).toBe("six");
        }
        // What is the host's own on its loopback stays so.
        host.start("exec socat TCP6-LISTEN:8088,bind=[::1],fork,reuseaddr SYSTEM:'echo own'");
        expect(ask(host, "TCP6:[::1]:8088")).toBe("own");
        client.start("socat TCP6-LISTEN:7006,fork,reuseaddr SYSTEM:'echo $SOCAT_PEERADDR'");
        Bun.sleepSync(200);
        const out = await ok(
          "exec",
          "six6",
          "/bin/sh",
          "-c",
          "socat -T2 - TCP6:[2001:db8::2]:7006",
        );
        expect(out).toBe("[2001:0db8:0000:0000:0000:0000:0000:0001]");
        await ok("rm", "-f", "six6");
      });

      test("networks do not see each other, and an internal one sees no way out", async () => {
        for (const name of ["left", "right"]) await ok("network", "create", name);
        await ok("network", "create", "--internal", "inner");
        await start("lefty", ["--network", "left"], GREETER(80, "lefty"));
        const ip = ipOf(await ok("inspect", "lefty"), "left");
        const to = `socat -T1 - TCP:${ip}:80,connect-timeout=1`;
        const from = (name: string) =>
          bunker(["run", "--rm", "--network", name, "/bin/sh", "-c", to]);
        expect((await from("left")).stdout).toContain("lefty saw");
        expect((await from("right")).stdout).toBe("");
        expect((await from("inner")).stdout).toBe("");
        const outside = `socat -T1 - TCP:${CLIENT_IP}:7000,connect-timeout=1`;
        const inner = ["run", "--rm", "--network", "inner", "/bin/sh", "-c", outside];
        expect((await bunker(inner)).stdout).toBe("");
        // A container in both is seen by both.
        await ok("network", "connect", "--alias", "friend", "right", "lefty");
        const byName = "socat -T2 - TCP:friend:80,connect-timeout=1";
        expect(await ok("run", "--rm", "--network", "right", "/bin/sh", "-c", byName)).toContain(
          "lefty saw",
        );
        await ok("network", "disconnect", "right", "lefty");
        expect((await from("right")).stdout).toBe("");
        await ok("rm", "-f", "lefty");
      });

      test("a container finds others by name, id and alias, and nobody of another network", async () => {
        const id = await start(
          "db1",
          ["--network", "app", "--network-alias", "db"],
          "exec sleep 60",
        );
        await start("db2", ["--network", "app", "--network-alias", "db"], "exec sleep 60");
        const ip = ipOf(await ok("inspect", "db1"), "app");
        const look = (words: string, in_ = "app") =>
          ok(
            "run",
            "--rm",

            "--network",
            in_,
            "/bin/sh",
            "-c",
            `dig +short +tries=1 ${words}`,
          );
        expect(await look("db1")).toBe(ip);
        expect(await look("DB1.app")).toBe(ip);
        expect(await look(id.slice(0, 12))).toBe(ip);
        expect(await look("+tcp db1")).toBe(ip);
        expect(await look(`-x ${ip}`)).toBe("db1.app.");
        expect((await look("db")).split("\n")).toHaveLength(2);
        expect(await look("AAAA db1")).toBe("");
        await ok("network", "create", "--internal", "else");
        expect(await look("db1", "else")).toBe("");
        await ok("rm", "-f", "db1");
        expect(await look("+time=1 db1 || true")).not.toContain(ip);
        await ok("rm", "-f", "db2");
      });

      test("what the DNS does not know it asks of others, by TCP where they say so, and remembers", async () => {
        client.start(
          `${process.execPath} ${new URL("fixtures/name-server.ts", import.meta.url).pathname}`,
        );
        for (let attempt = 0; attempt < 100; attempt++) {
          if (
            run([...client.prefix, "dig", "+short", "+tries=1", "+time=1", "@127.0.0.1", "a.test"])
              .exitCode === 0
          )
            break;
          await Bun.sleep(50);
        }
        const script =
          "for name in b.test b.test c.test long.test; do dig +nocookie +short $name; done";
        const flags = ["--network", "app", "--dns", CLIENT_IP];
        const said = await ok("run", "--rm", ...flags, "/bin/sh", "-c", script);
        const [first, again, other, long] = said.split("\n");
        expect(first).toMatch(/^203\.0\.113\.\d+$/);
        expect(again).toBe(first ?? "");
        expect(other).not.toBe(first ?? "");
        expect(long).toMatch(/^203\.0\.113\.\d+$/);
      });

      test("the DNS that is killed is there again with the next container", async () => {
        await start("named", ["--network", "app"], "exec sleep 60");
        const pids = run(["pgrep", "-f", "internal-dns"])
          .stdout.split("\n")
          .filter(isOurs(network));
        expect(pids).toHaveLength(1);
        process.kill(Number(pids[0]), "SIGKILL");
        // SIGKILL takes its time: until then it is not gone, and its socket is open.
        while (isProcessAlive(Number(pids[0]))) await Bun.sleep(5);
        const said = await ok(
          "run",
          "--rm",
          "--network",
          "app",
          "/bin/sh",
          "-c",
          "dig +short named",
        );
        expect(said).toBe(ipOf(await ok("inspect", "named"), "app"));
        await ok("rm", "-f", "named");
      });

      test("32 at once get 32 addresses and 32 ports", async () => {
        const all = Array.from({ length: 32 }, (_, index) =>
          start(`many${index}`, ["--network", "app", "-p", "80"], "exec sleep 60"),
        );
        const ids = await Promise.all(all);
        const seen = new Set<string>();
        for (const id of ids) {
          seen.add(ipOf(await ok("inspect", id), "app"));
          seen.add(await ok("port", id, "80"));
        }
        expect(seen.size).toBe(64);
        await ok("rm", "-f", ...ids);
      }, 120_000);
    });
  },
);

/** Whether bridged packets pass the IP rules: br_netfilter's switches are each machine's own. */
function setBridgeRules(machine: Machine, isOn: boolean): void {
  const files = "bridge-nf-call-iptables bridge-nf-call-ip6tables";
  const write = `echo ${isOn ? 1 : 0} | tee ${files} >/dev/null`;
  machine.sh(`cd /proc/sys/net/bridge 2>/dev/null || exit 0; ${write}`);
}

/** The address that `inspect` tells. */
function ipOf(inspection: string, name: string): string {
  const [container] = JSON.parse(inspection);
  return container.NetworkSettings.Networks[name].IPAddress;
}

/** Other tests on this machine may have a DNS as well. */
function isOurs({ box }: Network): (pid: string) => boolean {
  return (pid) =>
    pid !== "" &&
    run(["cat", `/proc/${pid}/environ`]).stdout.includes(`BUNKER_RUN=${box.runFolder}`);
}
