// Published ports, as bunker tells the kernel of them and as nft would: the same elements, all or none.

import { afterAll, beforeAll, expect, test } from "bun:test";
import type { PortMapping } from "../../network/definition.ts";
import { nftables } from "../../network/nftables.ts";
import { insideNamespace } from "../../network/program.ts";
import { formatPorts, formatRuleset } from "../../network/ruleset.ts";
import { haveCommand, needsRoot, skipUnless } from "../harness/tier.ts";
import { Machine, run } from "./machines.ts";

const missing = ["ip", "nft", "nsenter"].filter((command) => !haveCommand(command));

skipUnless(missing.length === 0, `ports: ${missing.join(", ")} not installed`)("nftables", () => {
  needsRoot("of ports", () => {
    const [host, other] = [new Machine("ports"), new Machine("nft")];
    const tell = (machine: Machine, text: string): void => {
      const { stderr } = run([...machine.prefix, "nft", "-f", "-"], text);
      expect(stderr).toBe("");
    };
    beforeAll(() => {
      for (const machine of [host, other]) {
        run(["ip", "netns", "add", machine.name]);
        tell(machine, formatRuleset([]));
      }
    });
    afterAll(() => {
      for (const machine of [host, other]) machine.remove();
    });

    const target = { ip4: "10.9.0.2", ip6: "fd09::2:3" };
    const inside = <T>(act: () => T): T => insideNamespace(`/run/netns/${host.name}`, act);
    const add = (ports: readonly PortMapping[], to = target): boolean =>
      inside(() => nftables.addPorts({ ports, target: to })());
    const remove = (ports: readonly PortMapping[], from = target): boolean =>
      inside(() => nftables.removePorts({ ports, target: from })());
    const listed = (machine: Machine): string => machine.sh("nft list table inet bunker");
    const tcp = { protocol: "tcp", hostIp: "", hostPort: 8080, containerPort: 80 } as const;
    const range = (first: number, count: number): PortMapping[] =>
      Array.from({ length: count }, (_, index) => ({
        ...tcp,
        hostPort: first + index,
        containerPort: 1 + index,
      }));

    const kinds: readonly PortMapping[] = [
      tcp,
      { ...tcp, protocol: "udp", hostPort: 53, containerPort: 65_535 },
      { ...tcp, protocol: "sctp", hostPort: 65_535, containerPort: 1 },
      { ...tcp, hostIp: "127.0.0.1", hostPort: 8081 },
      { ...tcp, hostIp: "192.0.2.1", hostPort: 8081, containerPort: 81 },
      { ...tcp, hostIp: "0.0.0.0", hostPort: 8082 },
      { ...tcp, hostIp: "::", hostPort: 8083 },
      { ...tcp, hostIp: "::1", hostPort: 8084 },
      { ...tcp, hostIp: "2001:db8::1", protocol: "udp", hostPort: 8085 },
      ...range(9000, 20),
    ];

    test("are the elements that nft makes of the same words, and go without a trace", () => {
      const before = listed(host);
      expect(add(kinds)).toBe(true);
      tell(other, formatPorts(kinds, target));
      expect(listed(host)).toBe(listed(other));
      expect(listed(host)).toContain("2001:db8::1 . udp . 8085 : fd09::2:3 . 80");
      expect(remove(kinds)).toBe(true);
      expect(listed(host)).toBe(before);
    });

    test("are the container's where they are there already, and nobody's where another has one", () => {
      const [ours, theirs] = [range(7000, 3), range(6999, 2)];
      expect(add(ours)).toBe(true);
      expect(add(ours)).toBe(true);
      const before = listed(host);
      expect(add(theirs, { ip4: "10.9.0.9", ip6: "" })).toBe(false);
      expect(listed(host)).toBe(before);
      expect(remove(ours)).toBe(true);
    });

    test("are taken away, those that are there, where somebody has taken one away before", () => {
      const before = listed(host);
      const ports = range(6000, 3);
      expect(add(ports)).toBe(true);
      host.sh("nft delete element inet bunker any4 { tcp . 6001 }");
      expect(remove(ports)).toBe(false);
      expect(listed(host)).toBe(before);
    });

    test("are no more than others' where there is no table", () => {
      host.sh("nft delete table inet bunker");
      expect(add([tcp])).toBe(false);
      expect(remove([tcp])).toBe(false);
      tell(host, formatRuleset([]));
    });

    test("may be more than a message takes, and a socket without being asked", () => {
      const many = range(1, 3000);
      expect(add(many)).toBe(true);
      host.sh("nft get element inet bunker any4 { tcp . 1, tcp . 512, tcp . 513, tcp . 3000 }");
      expect(remove(many)).toBe(true);
      expect(listed(host)).not.toContain("elements");
    });
  });
});
