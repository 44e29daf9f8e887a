// What the commands of networks print, as docker does.

import { expect, test } from "bun:test";
import { haveCommand, needsRoot, skipUnless } from "../harness/tier.ts";
import { openNetwork } from "./machines.ts";

const missing = ["ip", "nft", "nsenter"].filter((command) => !haveCommand(command));

skipUnless(missing.length === 0, `networks: ${missing.join(", ")} not installed`)(
  "networks",
  () => {
    needsRoot("commands of", () => {
      const { host, ok, bunker, start } = openNetwork();

      test("create prints the id, ls shows it, inspect tells all of it", async () => {
        const flags = [
          "--subnet",
          "10.123.0.0/24",
          "--ip-range",
          "10.123.0.128/25",
          "--label",
          "a=b",
        ];
        const id = await ok("network", "create", ...flags, "-o", "mtu=1400", "shop");
        expect(id).toMatch(/^[0-9a-f]{64}$/);
        const rows = (await ok("network", "ls")).split("\n");
        expect(rows[0]).toMatch(/^NETWORK ID +NAME +DRIVER +SCOPE$/);
        expect(rows.map((row) => row.split(/ +/).slice(1, 3).join(" "))).toEqual([
          "ID NAME",
          "bridge bridge",
          "host host",
          "none null",
          "shop bridge",
        ]);
        expect(await ok("network", "ls", "-q", "--no-trunc", "--filter", "name=shop")).toBe(id);
        expect(await ok("network", "ls", "--format", "{{.Name}}", "--filter", "label=a=b")).toBe(
          "shop",
        );
        await start("till", ["--network", "shop", "-p", "127.0.0.1:8088:80/udp"], "exec sleep 600");
        const [shown] = JSON.parse(await ok("network", "inspect", id.slice(0, 8)));
        expect(shown).toMatchObject({
          Name: "shop",
          Id: id,
          Scope: "local",
          Driver: "bridge",
          EnableIPv6: false,
          IPAM: {
            Config: [
              { Subnet: "10.123.0.0/24", IPRange: "10.123.0.128/25", Gateway: "10.123.0.1" },
            ],
          },
          Internal: false,
          Options: { mtu: "1400" },
          Labels: { a: "b" },
        });
        const [container] = Object.values(shown.Containers);
        expect(container).toMatchObject({ Name: "till", IPv4Address: "10.123.0.128/24" });
        const name = `bunker-${(await ok("ps", "-q", "--filter", "name=till")).trim()}`;
        expect(host.sh("ip netns list")).toContain(name);
        expect(host.sh(`ip -n ${name} -o address`)).toContain("10.123.0.128/24");
        const link = await ok("exec", "till", "cat", "/sys/class/net/eth0/mtu");
        expect(link).toBe("1400");
        expect(await ok("ps", "--format", "{{.Names}} {{.Networks}} {{.Ports}}")).toBe(
          "till shop 127.0.0.1:8088->80/udp",
        );
        expect(await ok("port", "till", "80/udp")).toBe("127.0.0.1:8088");
        const none = await bunker(["port", "till", "81"]);
        expect(none.stderr).toBe("bunker: no public port '81' published for till\n");
      });

      test("addresses, names and servers of a container are as they were asked for", async () => {
        const flags = [
          ...["--network", "name=shop,ip=10.123.0.9,alias=desk", "--network", "bridge"],
          ...["--mac-address", "02:42:aa:bb:cc:dd", "--link-local-ip", "169.254.9.9"],
          ...["--dns", "198.51.100.1", "--dns-search", "example.org", "--dns-option", "ndots:3"],
          ...["--add-host", "box:198.51.100.2", "--add-host", "gateway:host-gateway"],
          ...["--hostname", "counter", "--domainname", "example.org"],
        ];
        const look =
          "cat /sys/class/net/eth0/address /etc/resolv.conf /etc/hosts; ip -o -4 address";
        const said = await ok("run", "--rm", ...flags, "/bin/sh", "-c", look);
        for (const part of [
          /^02:42:aa:bb:cc:dd$/m,
          // The DNS of the network asks the server that was named.
          /^nameserver 10\.123\.0\.1$/m,
          /^search example\.org$/m,
          /^options ndots:3/m,
          /^198\.51\.100\.2\tbox$/m,
          /^10\.123\.0\.1\tgateway$/m,
          /^10\.123\.0\.9\tcounter\.example\.org counter$/m,
          /eth0 .*10\.123\.0\.9\/24/,
          /eth0 .*169\.254\.9\.9\/16/,
          /eth1 .*10\.210\./,
        ]) {
          expect(said).toMatch(part);
        }
      });

      test("connect and disconnect change a running container, and what it starts with next", async () => {
        await ok("network", "create", "yard");
        await ok("network", "connect", "--ip", "10.210.0.77", "bridge", "till").catch(() => "");
        await ok("network", "connect", "--alias", "t", "yard", "till");
        const links = async () => (await ok("exec", "till", "ls", "/sys/class/net")).split("\n");
        const before = await links();
        expect(before).toContain("eth1");
        expect((await bunker(["network", "connect", "yard", "till"])).stderr).toBe(
          "bunker: endpoint with name till already exists in network yard\n",
        );
        await ok("restart", "-t", "0", "till");
        expect((await links()).length).toBe(before.length);
        await ok("network", "disconnect", "yard", "till");
        expect((await links()).length).toBe(before.length - 1);
        const again = await bunker(["network", "disconnect", "yard", "till"]);
        expect(again.stderr).toBe("bunker: container till is not connected to network yard\n");
      });

      test("an address that is reserved is no container's", async () => {
        const flags = ["--subnet", "10.124.0.0/29", "--aux-address", "router=10.124.0.2"];
        await ok("network", "create", ...flags, "lane");
        const config = "{{json (index .IPAM.Config 0).AuxiliaryAddresses}}";
        expect(await ok("network", "inspect", "-f", config, "lane")).toBe(
          '{"router":"10.124.0.2"}',
        );
        await ok("network", "connect", "lane", "till");
        const address = "{{.NetworkSettings.Networks.lane.IPAddress}}";
        expect(await ok("inspect", "-f", address, "till")).toBe("10.124.0.3");
        await ok("network", "disconnect", "lane", "till");
        const asked = await bunker(["network", "connect", "--ip", "10.124.0.2", "lane", "till"]);
        expect(asked.stderr).toBe(
          'bunker: address 10.124.0.2 of network "lane" is reserved for router\n',
        );
        expect(await ok("network", "rm", "lane")).toBe("lane");
      });

      test("prune takes what no container is in", async () => {
        expect(await ok("network", "prune", "-f")).toBe("Deleted Networks:\nyard");
        await ok("rm", "-f", "till");
        expect(await ok("network", "rm", "shop")).toBe("shop");
        const { exitCode, stdout, stderr } = await bunker(["network", "inspect", "shop"]);
        expect({ exitCode, stdout, stderr }).toEqual({
          exitCode: 1,
          stdout: "[]\n",
          stderr: "bunker: network shop not found\n",
        });
        expect(await ok("network", "rm", "-f", "shop")).toBe("");
      });
    });
  },
);
