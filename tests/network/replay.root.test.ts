// A run in a network, the third time: the container is what was written down, its addresses, ports and
// names are its own.

import { expect, test } from "bun:test";
import { underTest } from "../harness/bunker.ts";
import { eventually } from "../harness/eventually.ts";
import { isReplayable } from "../harness/kept-launches.ts";
import { haveCommand, needsRoot, skipUnless } from "../harness/tier.ts";
import { ask, GREETER, HOST_IP, openNetwork } from "./machines.ts";

const missing = ["ip", "nft", "socat", "nsenter"].filter((command) => !haveCommand(command));
const isReplayed = underTest() === "binary";
if (!isReplayed) console.warn("skipped: replays: the executable alone does so");
const TIMES = [1, 2, 3, 4] as const;

skipUnless(missing.length === 0 && isReplayed, `replays: ${missing.join(", ")}`)("networks", () => {
  needsRoot("of a run of the same words", () => {
    const { box, client, bunker, ok } = openNetwork();

    const isKept = (word: string): boolean => isReplayable(box.runFolder, word);

    const withoutNumbers = (text: string): string =>
      text
        .replaceAll(/[0-9a-f]{64}/g, "ID")
        .replaceAll(/[0-9a-f]{12}/g, "SHORT")
        .replaceAll(/(?<=\b10\.\d+\.\d+\.)\d+/g, "N")
        .replaceAll(/(?<=02:42:.*)[0-9a-f]{2}(?= brd)/g, "N");

    test("in the foreground is the same but for its address and its name", async () => {
      const script =
        "cat /etc/hosts /etc/resolv.conf; hostname; ip -4 -o addr show eth0; ip route; ip link show eth0 | grep ether";
      const flags = ["--network", "bridge", "-p", "8080:80", "--add-host", "other:192.0.2.9"];
      const seen: string[] = [];
      for (const _ of TIMES) seen.push(await ok("run", "--rm", ...flags, "/bin/sh", "-c", script));
      expect(isKept("show eth0")).toBe(true);
      expect(new Set(seen).size).toBe(TIMES.length);
      for (const each of seen) expect(withoutNumbers(each)).toBe(withoutNumbers(seen[0] ?? ""));
      for (const each of seen) {
        const [, ip, name] = /^(10\.[\d.]+)\t([0-9a-f]{12})$/m.exec(each) ?? [];
        expect(each).toContain(`inet ${ip}/`);
        expect(each.split("\n")).toContain(name ?? "");
      }
    });

    test("follows what the environment says by now", async () => {
      const words = ["run", "--rm", "/bin/sh", "-c", "ip -o link | wc -l"];
      const links = async (env: Record<string, string>): Promise<string> =>
        (await bunker(words, { env })).stdout.trim();
      for (const _ of TIMES) expect(await links({ BUNKER_NETWORK: "bridge" })).toBe("2");
      expect(isKept("wc -l")).toBe(true);
      for (const _ of TIMES) expect(await links({})).toBe("1");
      expect(await links({ BUNKER_NETWORK: "bridge" })).toBe("2");
    });

    test("tells of itself and its network in the order of things", async () => {
      const begun = Date.now();
      const words = ["run", "--rm", "--network", "bridge", "/bin/sh", "-c", ": told; exit 3"];
      for (const _ of TIMES) expect((await bunker(words)).exitCode).toBe(3);
      expect(isKept(": told")).toBe(true);
      const since = ["events", "--since", String(begun / 1000), "--until", "0s"];
      const lines = (await ok(...since, "--format", "{{.Type}} {{.Action}}")).split("\n");
      const once = [
        ...["container create", "container attach", "network connect", "container start"],
        ...["container die", "network disconnect", "container destroy"],
      ];
      const all = TIMES.flatMap(() => once).toSorted();
      expect(lines.filter((line) => !/(network|image) create/.test(line)).toSorted()).toEqual(all);
      expect(lines.slice(-once.length)).toEqual(once);
      const codes = await ok(...since, "--format", '{{index .Actor.Attributes "exitCode"}}');
      expect(codes.match(/3/g)).toHaveLength(TIMES.length);
    });

    test("in the background is found by its name and by its port, and goes without a trace", async () => {
      await ok("network", "create", "--ipv6", "app");
      await ok("run", "--rm", "/bin/true");
      const at = (round: number) => `${HOST_IP}:${8080 + round}`;
      for (const round of TIMES) {
        // The name is another one each time, as scripts have it; the port is a part of the words.
        const flags = ["--name", `web-${round}`, "--network", "app", "-P", "--expose", "80"];
        await ok("run", "-d", ...flags, "/bin/sh", "-c", GREETER(80, "web"));
      }
      expect(isKept("web saw")).toBe(true);
      for (const round of TIMES) {
        const port = (await ok("port", `web-${round}`, "80")).split("\n")[0]?.split(":").at(-1);
        expect(ask(client, `TCP:${HOST_IP}:${port}`)).toContain("web saw");
        const found = await ok("exec", "web-1", "getent", "hosts", `web-${round}`);
        const format = "{{.NetworkSettings.Networks.app.IPAddress}}";
        const own = await ok("inspect", "-f", format, `web-${round}`);
        expect(await ok("exec", "web-1", "getent", "ahostsv4", `web-${round}`)).toContain(own);
        expect(found).toContain(`web-${round}`);
      }
      await ok("rm", "-f", ...TIMES.map((round) => `web-${round}`));
      for (const _ of TIMES) {
        await ok(
          "run",
          "-d",
          "--name",
          "same",
          "-p",
          "8081:80",
          "/bin/sh",
          "-c",
          GREETER(80, "me"),
        );
        expect(ask(client, `TCP:${at(1)}`)).toContain("me saw");
        await ok("rm", "-f", "same");
      }
      expect(isKept("me saw")).toBe(true);
      await ok("network", "rm", "app");
      expect(box.leftovers()).toEqual([]);
    });

    test("is refused a port that is taken and a network that is gone, and leaves nothing", async () => {
      await ok("network", "create", "gone");
      const flags = ["--network", "gone", "-p", "8090:80"];
      const ran = ["run", "--rm", ...flags, "/bin/sh", "-c", ": refused"];
      const kept = ["run", "-d", "--rm", ...flags, "/bin/sh", "-c", ": refused too"];
      for (const words of [ran, kept]) {
        for (const _ of TIMES) {
          expect((await bunker(words)).stderr).toBe("");
          await eventually(async () => (await ok("ps", "-aq")) === "");
        }
      }
      expect(isKept(": refused too")).toBe(true);
      await ok("run", "-d", "--name", "taker", "-p", "8090:80", "/bin/sleep", "600");
      for (const words of [ran, kept]) {
        const { exitCode, stderr } = await bunker(words);
        expect(stderr).toContain("is taken by container");
        expect(exitCode).toBe(125);
      }
      await ok("rm", "-f", "taker");
      await ok("network", "rm", "gone");
      for (const words of [ran, kept]) {
        const { exitCode, stderr } = await bunker(words);
        expect(stderr).toContain("network gone not found");
        expect(exitCode).toBe(125);
      }
      expect(await ok("ps", "-aq")).toBe("");
      expect(box.leftovers()).toEqual([]);
    });
  });
});
