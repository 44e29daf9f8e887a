// Whatever is killed, and whenever: after the next command no link, rule, address or port is left that
// is nobody's. And whatever cannot be is refused in one line.

import { expect, test } from "bun:test";
import { existsSync, lstatSync, readdirSync, readlinkSync, rmSync, writeFileSync } from "node:fs";
import { eventually } from "../harness/eventually.ts";
import { haveCommand, needsRoot, skipUnless, slowness } from "../harness/tier.ts";
import { ask, GREETER, HOST_IP, openNetwork } from "./machines.ts";

const missing = ["ip", "nft", "socat", "nsenter"].filter((command) => !haveCommand(command));
const ROUNDS = Number(process.env["BUNKER_KILLS"] ?? 20);
const LONGEST_MS = 160;

skipUnless(missing.length === 0, `networks: ${missing.join(", ")} not installed`)(
  "networks",
  () => {
    needsRoot("of containers", () => {
      const network = openNetwork();
      const { host, client, box, ok, start, bunker } = network;
      const foreign = (): string =>
        host
          .sh("nft list ruleset")
          .replace(/table inet bunker \{[^]*?\n\}\n?/, "")
          .trim();

      /** `ip` and `nft` that wait for a bunker that is gone. */
      const listWaiting = (): string[] =>
        host
          .sh(
            "for p in /proc/[0-9]*; do [ $p/ns/net -ef /proc/self/ns/net ] && cat $p/comm; done 2>/dev/null || true",
          )
          .split("\n")
          .filter((name) => name === "ip" || name === "nft");

      /** Reservations, links and elements; the folders themselves stay. */
      function whatIsLeft(): string[] {
        const list = (path: string) => {
          const folder = `${box.runFolder}/${path}`;
          return existsSync(folder) ? readdirSync(folder).map((name) => `${path}/${name}`) : [];
        };
        const addresses = list("networks/addresses").flatMap((path) => list(path));
        return [
          ...list("netns"),
          ...namespacesOf(box.runFolder),
          ...list("networks/attachments"),
          ...list("networks/ports"),
          ...list("networks/bound-ports"),
          ...addresses.filter((path) => !path.includes("/last-")),
          ...host
            .sh("ip -br link")
            .split("\n")
            .filter((line) => /^bk[0-9a-f]{8}[0-9a-z]{5}/.test(line)),
          ...host
            .sh("nft list map inet bunker any4")
            .split("\n")
            .filter((line) => line.includes(" : "))
            .filter((line) => line.includes("elements")),
        ];
      }

      test(
        "SIGKILL at any moment leaves nothing behind the next command",
        async () => {
          host.sh("nft add table ip strangers; nft add chain ip strangers c");
          const before = foreign();
          await ok("run", "--rm", "--network", "bridge", "--rootfs", box.rootfs, "/bin/true");
          await ok("network", "create", "app");
          const nap = `${box.rootfs}/nap`;
          const wordsFor = (name: string): string[] => {
            const flags = ["--network", name, "-p", "8080:80", "--rootfs", box.rootfs];
            return ["run", "--rm", ...flags, "/bin/sh", "-c", "exec sleep $(cat /nap)"];
          };
          // Those of one network are replayed by then.
          writeFileSync(nap, "0");
          for (let i = 0; i < 3; i++) await ok(...wordsFor("app"));
          writeFileSync(nap, "60");
          for (let round = 0; round < ROUNDS; round++) {
            const words = wordsFor(round % 2 === 0 ? "bridge" : "app");
            await using killed = box.start(words, { prefix: host.prefix });
            await Bun.sleep((LONGEST_MS * round) / ROUNDS);
            killed.child.kill("SIGKILL");
            await killed.child.exited;
          }
          rmSync(nap);
          // Those that came to run run on: they are ended as a user would.
          for (const id of runningIds()) killInit(id);
          await ok("run", "--rm", "--rootfs", box.rootfs, "/bin/true");
          await ok("network", "ls");
          await expectNothingLeft();
          await eventually(() => listWaiting().length === 0);
          expect(foreign()).toBe(before);
        },
        60_000 * slowness(),
      );

      function runningIds(): string[] {
        return readdirSync(`${box.runFolder}/containers`);
      }

      function killInit(id: string): void {
        const path = `${box.runFolder}/containers/${id}/state.json`;
        if (!existsSync(path)) return;
        const { initPid } = JSON.parse(host.sh(`cat ${path}`) || "{}");
        if (typeof initPid === "number" && initPid > 1) process.kill(initPid, "SIGKILL");
      }

      /** Kernel: a namespace is taken apart a moment after its last process. */
      async function expectNothingLeft(): Promise<void> {
        await eventually(() => whatIsLeft().length === 0).catch(() => undefined);
        expect(whatIsLeft()).toEqual([]);
      }

      test(
        "a run that was killed is in nobody's way, whatever it had by then",
        async () => {
          const flags = ["--network", "bridge", "-p", "8070:80", "--rootfs", box.rootfs];
          const words = ["run", "--rm", ...flags, "/bin/true"];
          for (let round = 0; round < 24; round++) {
            await using killed = box.start(words, { prefix: host.prefix });
            await Bun.sleep(2 * round);
            killed.child.kill("SIGKILL");
            await killed.child.exited;
            // Its program may have come to run, and is not over yet.
            await eventually(async () => (await bunker(words)).exitCode === 0);
          }
          await expectNothingLeft();
        },
        60_000 * slowness(),
      );

      test("a port is free again at once, and a network can be removed at once", async () => {
        await ok("network", "create", "brief");
        for (let round = 0; round < 5; round++) {
          const flags = ["--network", "brief", "-p", "8080:80", "-p", "8180-8199:80-99"];
          await ok("run", "--rm", ...flags, "--rootfs", box.rootfs, "/bin/true");
        }
        await ok("network", "rm", "brief");
        await expectNothingLeft();
      });

      test("a port that a container has is refused by its id, however many it has", async () => {
        await start("taker", ["-p", "8300-8319:1-20"], "exec sleep 600");
        const id = (await ok("inspect", "-f", "{{.Id}}", "taker")).slice(0, 12);
        for (const port of ["8300:80", "8307:80", "127.0.0.1:8319:80"]) {
          const words = ["run", "--rm", "-p", port, "--rootfs", box.rootfs, "/bin/true"];
          const { exitCode, stderr } = await bunker(words);
          expect(stderr).toContain(`is taken by container ${id}`);
          expect(exitCode).toBe(125);
        }
        await ok("rm", "-f", "taker");
        await ok("run", "--rm", "-p", "8307:80", "--rootfs", box.rootfs, "/bin/true");
      });

      test("a network comes back at its next use after its bridge and its rules are gone", async () => {
        host.sh("ip link delete bunker0; nft delete table inet bunker");
        await start("web", ["-p", "8080:80"], GREETER(80, "web"));
        expect(ask(client, `TCP:${HOST_IP}:8080`)).toContain("web saw");
        host.sh("nft flush ruleset");
        await start("web2", ["-p", "8081:80"], GREETER(80, "web2"));
        expect(ask(client, `TCP:${HOST_IP}:8081`)).toContain("web2 saw");
        // What was published before is there again, too.
        expect(ask(client, `TCP:${HOST_IP}:8080`)).toContain("web saw");
        await ok("rm", "-f", "web", "web2");
        expect(whatIsLeft().filter((line) => !line.startsWith("bk"))).toEqual([]);
      });

      test("a container that was kept starts in its network after a reboot", async () => {
        await start("kept", ["-p", "8080:80"], GREETER(80, "kept"));
        await ok("kill", "kept");
        await eventually(() => runningIds().length === 0);
        // Links, rules and /run are gone.
        host.sh("ip link delete bunker0; nft flush ruleset");
        rmSync(box.runFolder, { recursive: true });
        await ok("start", "kept");
        expect(ask(client, `TCP:${HOST_IP}:8080`)).toContain("kept saw");
        await ok("rm", "-f", "kept");
      });

      test("a default network whose subnet has become the host's gets another one", async () => {
        const subnetOf = async (): Promise<string> =>
          ok("network", "inspect", "-f", "{{(index .IPAM.Config 0).Subnet}}", "bridge");
        const before = await subnetOf();
        host.sh(`ip link delete bunker0; ip route add ${before} dev cable0`);
        await ok("run", "--rm", "--network", "bridge", "--rootfs", box.rootfs, "/bin/true");
        expect(await subnetOf()).not.toBe(before);
        host.sh(`ip route delete ${before} dev cable0`);
      });

      test("a firewall that lets nothing through is told of once, with what would open it", async () => {
        const forward = "{ type filter hook forward priority 0;";
        const firewalls = [
          ["ip filter", "FORWARD", "policy drop; }", "iptables -I FORWARD -i LINK -j ACCEPT"],
          [
            "inet own",
            "passing",
            "policy drop; }",
            "nft insert rule inet own passing iifname LINK",
          ],
          ["inet firewalld", "filter_FORWARD", "}", "firewall-cmd --permanent --zone=trusted"],
        ];
        await ok("network", "create", "-o", "com.docker.network.bridge.name=told0", "told");
        const words = ["run", "--rm", "--network", "told", "--rootfs", box.rootfs, "/bin/true"];
        for (const [table = "", chain, policy, hint = ""] of firewalls) {
          host.sh(`nft add table ${table}; nft 'add chain ${table} ${chain} ${forward} ${policy}'`);
          const { stderr } = await bunker(words);
          expect(stderr).toContain(`chain ${chain} of table ${table} drops what is forwarded`);
          expect(stderr).toContain(hint.replace("LINK", "told0"));
          expect((await bunker(words)).stderr).toBe("");
          host.sh(`ip link delete told0; nft add rule ${table} ${chain} iifname told0 accept`);
          expect((await bunker(words)).stderr).toBe("");
          host.sh(`ip link delete told0; nft delete table ${table}`);
        }
        await ok("network", "rm", "told");
      });

      const refusals: readonly (readonly [words: string, message: string])[] = [
        ["run --network nope /x", "network nope not found"],
        ["run --network app --network app /x", "network app is named twice"],
        ["run --ip 10.99.0.1 --network app /x", "address 10.99.0.1 is not in network"],
        ["run --ip nonsense --network app /x", "invalid IPv4 address: nonsense"],
        ["run --ip6 fd00::1 --network app /x", 'network "app" has no IPv6 subnet'],
        ["run --mac-address zz --network app /x", "zz is not a valid mac address"],
        [
          "run --network-alias x /x",
          "network-scoped aliases are only supported for user-defined networks",
        ],
        ["run -p 7777:80 /x", "port 7777/tcp is taken by socat (pid "],
        [
          "run -p [::1]:7778:80 /x",
          'port 80 cannot be published on ::1: network "bridge" has no IPv6',
        ],
        ["network create app", "network with name app already exists"],
        ["network create --subnet 192.0.2.0/25 x1", "subnet 192.0.2.0/25 overlaps 192.0.2.0/24"],
        ["network create --subnet 10.0.0.0/33 x1", 'invalid CIDR block notation: "10.0.0.0/33"'],
        ["network create --gateway 10.1.1.1 x1", "no matching subnet for gateway 10.1.1.1"],
        ["network create -d macvlan -o parent=nope x1", "link nope does not exist"],
        ["network create -d weave x1", 'plugin "weave" not found'],
        ["network rm bridge", "bridge is a pre-defined network and cannot be removed"],
        ["network rm nope", "network nope not found"],
        ["network connect app nope", "No such container: nope"],
      ];

      for (const [words, message] of refusals) {
        test(`${words} is refused`, async () => {
          if (words.includes("7777")) {
            host.start(GREETER(7777, "socat"));
            expect(ask(host, "TCP:127.0.0.1:7777")).toContain("socat saw");
          }
          const { exitCode, stderr } = await bunker(words.split(" "));
          expect(stderr).toContain(`bunker: ${message}`);
          expect(exitCode).toBe(words.startsWith("run") ? 125 : 1);
          expect(whatIsLeft().filter((line) => !line.startsWith("bk"))).toEqual([]);
        });
      }

      test("a network in use is not removed", async () => {
        await start("user", ["--network", "app"], "exec sleep 600");
        const { exitCode, stderr } = await bunker(["network", "rm", "app"]);
        expect({ exitCode, stderr: stderr.split(" (")[0] }).toEqual({
          exitCode: 1,
          stderr: "bunker: network app is in use by user",
        });
        await ok("rm", "-f", "user");
        await ok("network", "rm", "app");
      });
    });
  },
);

/** Links in the folder of `ip netns` that lead to ours. */
function namespacesOf(folder: string): string[] {
  return readdirSync("/run/netns")
    .map((name) => `/run/netns/${name}`)
    .filter((path) => lstatSync(path, { throwIfNoEntry: false })?.isSymbolicLink())
    .filter((path) => readlinkSync(path).startsWith(folder));
}
