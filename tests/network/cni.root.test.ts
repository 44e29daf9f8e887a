// `--network cni:NAME`: the plugins of Kubernetes make the container's network.

import { expect, test } from "bun:test";
import { existsSync, mkdirSync, readdirSync, writeFileSync } from "node:fs";
import { haveCommand, needsRoot, skipUnless } from "../harness/tier.ts";
import { ask, GREETER, HOST_IP, openNetwork } from "./machines.ts";

const PLUGINS = "/usr/lib/cni";
const isThere = existsSync(`${PLUGINS}/bridge`) && haveCommand("socat") && haveCommand("iptables");

skipUnless(isThere, "CNI: containernetworking-plugins, socat or iptables not installed")(
  "CNI",
  () => {
    needsRoot("plugins", () => {
      const network = openNetwork();
      const { host, client, box, ok, bunker } = network;
      const folder = `${box.folder}/net.d`;
      const env = { NETCONFPATH: folder, CNI_PATH: PLUGINS };

      function configure(file: string, plugins: readonly object[]): void {
        mkdirSync(folder, { recursive: true });
        const list = { cniVersion: "0.4.0", name: file.replace(/^\d+-|\.conflist$/g, ""), plugins };
        writeFileSync(`${folder}/${file}`, JSON.stringify(list));
      }

      const ipam = {
        type: "host-local",
        dataDir: `${box.folder}/ipam`,
        ranges: [[{ subnet: "10.44.0.0/24" }]],
        routes: [{ dst: "0.0.0.0/0" }],
      };
      const bridge = { type: "bridge", bridge: "cnitest0", isGateway: true, ipMasq: true, ipam };

      test("a container has what the plugins make, ports included, and they take it away", async () => {
        configure("10-pods.conflist", [
          bridge,
          { type: "portmap", capabilities: { portMappings: true } },
        ]);
        const flags = ["run", "-d", "--name", "pod", "--network", "cni:pods", "-p", "8090:80"];
        const started = await bunker([...flags, "/bin/sh", "-c", GREETER(80, "pod")], { env });
        expect(started).toMatchObject({ exitCode: 0, stderr: "" });
        expect(ask(client, `TCP:${HOST_IP}:8090`)).toContain("pod saw");
        expect(await ok("exec", "pod", "cat", "/etc/hosts")).toContain("10.44.0.2\t");
        expect(host.sh("ip -br addr show cnitest0")).toContain("10.44.0.1/24");
        expect(await bunker(["rm", "-f", "pod"], { env })).toMatchObject({ exitCode: 0 });
        const reserved = readdirSync(`${box.folder}/ipam/pods`).filter((name) => /^\d/.test(name));
        expect(reserved).toEqual([]);
        expect(host.sh("iptables -t nat -S")).not.toContain("8090");
      });

      test("what cannot be is refused in one line, and nothing is left", async () => {
        configure("20-broken.conflist", [{ ...bridge, ipam: { type: "nothing" } }]);
        configure("30-absent.conflist", [{ type: "absent" }]);
        const run = (name: string) =>
          bunker(["run", "--rm", "--network", `cni:${name}`, "/bin/true"], { env });
        expect((await run("none")).stderr).toStartWith('bunker: no CNI network "none" in ');
        expect((await run("absent")).stderr).toStartWith(
          'bunker: CNI plugin "absent" is not installed',
        );
        expect((await run("broken")).stderr).toStartWith(
          'bunker: CNI plugin "bridge" of network "broken": ',
        );
        expect(readdirSync(`${box.runFolder}/networks/attachments`)).toEqual([]);
      });
    });
  },
);
