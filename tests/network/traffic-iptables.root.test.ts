// The same traffic on a machine that has iptables and no nft; and what is left of its rules.

import { expect, test } from "bun:test";
import { eventually } from "../harness/eventually.ts";
import { haveCommand, needsRoot, skipUnless } from "../harness/tier.ts";
import { openNetwork, run } from "./machines.ts";
import { testTraffic, testWays } from "./traffic-tests.ts";

const needed = ["ip", "nft", "iptables-restore", "ip6tables-restore", "socat", "nsenter"];
const missing = needed.filter((command) => !haveCommand(command));

skipUnless(missing.length === 0, `iptables: ${missing.join(", ")} not installed`)(
  "iptables",
  () => {
    needsRoot("without nft", () => {
      const network = openNetwork(["/usr/sbin/nft"]);
      const { host, ok, box } = network;

      test("others' rules stay as they are, and a port takes its own away", async () => {
        const others = "iptables -A FORWARD -s 198.51.100.0/24 -j DROP; iptables -N THEIRS";
        host.sh(`${others}; iptables -t nat -A POSTROUTING -s 198.51.100.0/24 -j MASQUERADE`);
        const rules = (): string =>
          host
            .sh("iptables-save")
            .split("\n")
            .filter((line) => !line.startsWith("#") && !line.includes("BUNKER"))
            .map((line) => line.replace(/ \[.*/, ""))
            .join("\n");
        const before = rules();
        const words = ["--network", "bridge", "-p", "8080:80", "--rootfs", box.rootfs];
        await ok("run", "--rm", ...words, "/bin/true");
        await ok("run", "--rm", ...words, "/bin/true");
        expect(host.sh("iptables-save")).toContain("-A FORWARD -j BUNKER-FORWARD\n");
        expect(before.split("\n").filter((line) => !rules().includes(line))).toEqual([]);
        const ports = (): string => host.sh("iptables-save -t nat | grep dport || true");
        await eventually(() => ports() === "");
        host.sh("iptables -F FORWARD; iptables -t nat -F POSTROUTING; ip link delete bunker0");
        // As docker has it: what is ours passes all the same.
        host.sh("iptables -P FORWARD DROP; ip6tables -P FORWARD DROP");
      });

      testWays(network, "iptables");
      testTraffic(network);

      test("a machine without either is told which package it wants", async () => {
        const hidden = new Map([
          ["nft", "networks need nft, which is not installed, nor is iptables"],
          ["ip", "networks need ip, which is not installed"],
        ]);
        for (const [program, message] of hidden) {
          const programs = program === "nft" ? "nft iptables-restore" : program;
          const binds = `for p in ${programs}; do mount --bind /dev/null $(realpath $(command -v $p)); done`;
          const words = ["run", "--network", "bridge", "-p", "80", "--rootfs", box.rootfs, "/x"];
          const command = box.command(words).join(" ");
          const env = `BUNKER_RUN=${box.path("bare")} BUNKER_DATA=${box.path("bare")}`;
          const script = `${binds}; ${env} ${command}`;
          const own = [
            "unshare",
            "--net",
            "--mount",
            "--propagation",
            "private",
            "sh",
            "-c",
            script,
          ];
          const { exitCode, stderr } = run(own);
          expect(stderr).toContain(`bunker: ${message}\n`);
          expect(stderr).toContain("install the package that has it: ");
          expect(exitCode).toBe(125);
        }
      });
    });
  },
);
