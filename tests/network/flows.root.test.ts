// Which flows of UDP the kernel is to forget, and that it forgets no other.

import { expect, test } from "bun:test";
import { forgetUdpFlows } from "../../ffi/conntrack.ts";
import type { PortMapping } from "../../network/definition.ts";
import { forgetFlows } from "../../network/flows.ts";
import { insideNamespace } from "../../network/program.ts";
import { eventually } from "../harness/eventually.ts";
import { haveCommand, needsRoot, skipUnless } from "../harness/tier.ts";
import { HOST_IP, HOST_IP6, openNetwork, run } from "./machines.ts";

const missing = ["ip", "nft", "socat", "nsenter"].filter((command) => !haveCommand(command));

skipUnless(missing.length === 0, `flows: ${missing.join(", ")} not installed`)("flows", () => {
  needsRoot("of UDP", () => {
    const { client, host, ok } = openNetwork();

    const port = (hostPort: number, hostIp = "", protocol = "udp") =>
      ({ protocol, hostIp, hostPort, containerPort: 80 }) as PortMapping;

    /** The ports of the flows that are left, on the machine where bunker runs. */
    const forget = (...ports: readonly PortMapping[]): string[] =>
      insideNamespace(`/run/netns/${host.name}`, () => {
        forgetFlows(ports);
        const left = new Set<string>();
        forgetUdpFlows((flow) => {
          left.add(`${flow.family} ${flow.port}`);
          return false;
        });
        return [...left].sort();
      });

    const asked = (address: string): string =>
      run([...client.prefix, "socat", "-t0.3", "-T0.3", "-", address], "hello\n").stdout.trim();

    test("those to a port of the host's, on the addresses where it is published", async () => {
      // Only where there are rules about flows does the kernel know any.
      await ok("run", "--rm", "--network", "bridge", "/bin/true");
      for (const number of [7010, 7011, 7012]) {
        host.start(`exec socat UDP6-LISTEN:${number},ipv6-v6only=0,fork SYSTEM:'echo ${number}'`);
        await eventually(() => asked(`UDP:${HOST_IP}:${number}`) === String(number));
        await eventually(() => asked(`UDP6:[${HOST_IP6}]:${number}`) === String(number));
      }
      const all = ["4 7010", "4 7011", "4 7012", "6 7010", "6 7011", "6 7012"];
      expect(forget()).toEqual(all);
      expect(forget(port(7010, "192.0.2.9"), port(7011, "", "tcp"), port(7013))).toEqual(all);
      expect(forget(port(7010, HOST_IP))).toEqual(all.slice(1));
      expect(forget(port(7011), port(7010, HOST_IP6))).toEqual(["4 7012", "6 7012"]);
    });
  });
});
