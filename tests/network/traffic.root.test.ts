// Real traffic between real programs, with rules by nft, and what containers ask by name.

import { beforeAll, expect, test } from "bun:test";
import { isProcessAlive } from "../../ffi/agent/alive.ts";
import { eventually } from "../harness/eventually.ts";
import { Service } from "../harness/service.ts";
import { haveCommand, needsRoot, skipUnless, slowness } from "../harness/tier.ts";
import { CLIENT_IP, ipOf, type Network, openNetwork, run } from "./machines.ts";
import { testTraffic } from "./traffic-tests.ts";

const needed = ["ip", "nft", "socat", "dig", "nsenter"];
const missing = needed.filter((command) => !haveCommand(command));

skipUnless(missing.length === 0, `networks: ${missing.join(", ")} not installed`)(
  "networks",
  () => {
    needsRoot("containers in networks", () => {
      const network = openNetwork();
      const { client, ok, start } = network;
      beforeAll(async () => {
        await ok("network", "create", "app");
      });

      testTraffic(network);

      test("a container finds others by name, id and alias, and nobody of another network", async () => {
        const id = await start(
          "db1",
          ["--network", "app", "--network-alias", "db"],
          "exec sleep 600",
        );
        await start("db2", ["--network", "app", "--network-alias", "db"], "exec sleep 600");
        const ip = ipOf(await ok("inspect", "db1"), "app");
        const look = (words: string, in_ = "app") =>
          ok("run", "--rm", "--network", in_, "/bin/sh", "-c", `dig +short +tries=1 ${words}`);
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
        // On an emulated CPU that others use as well, its first answer takes more than a second.
        const dig = ["dig", "+short", "+tries=1", `+time=${slowness()}`, "@127.0.0.1", "a.test"];
        await eventually(() => run([...client.prefix, ...dig]).exitCode === 0);
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

      const dnsPids = (): number[] =>
        run(["pgrep", "-f", "internal-dns"])
          .stdout.split("\n")
          .filter(isOurs(network))
          .filter((pid) => run(["cat", `/proc/${pid}/comm`]).stdout !== "sh\n")
          .map(Number);

      test("the DNS that is killed is there again by itself, and with the next container", async () => {
        await start("named", ["--network", "app"], "exec sleep 600");
        const ip = ipOf(await ok("inspect", "named"), "app");
        const words = ["/bin/sh", "-c", "dig +short +tries=1 +time=1 named || true"];
        for (const look of [
          () => ok("run", "--rm", "--network", "app", ...words),
          () => ok("exec", "named", ...words),
        ]) {
          // That of the containers before may be on its way out.
          await eventually(() => dnsPids().length === 1);
          const [pid = 0] = dnsPids();
          process.kill(pid, "SIGKILL");
          // SIGKILL takes its time: until then it is not gone, and its socket is open.
          while (isProcessAlive(pid)) await Bun.sleep(5);
          let said = "";
          for (let attempt = 0; attempt < 20 && said !== ip; attempt++) said = await look();
          expect(said).toBe(ip);
        }
        await ok("rm", "-f", "named");
      });

      test("the DNS outlives the service whose container was the first to need it", async () => {
        await eventually(() => dnsPids().length === 0);
        using service = new Service("names");
        const words = ["run", "-d", "--name", "first", "--network", "app", "/bin/sleep", "600"];
        const prefix = [...service.prefix, ...network.host.prefix];
        expect((await network.box.bunker(words, { prefix })).exitCode).toBe(0);
        await start("second", ["--network", "app"], "exec sleep 600");
        await service.end();
        expect(dnsPids()).toHaveLength(1);
        const ip = ipOf(await ok("inspect", "first"), "app");
        expect(await ok("exec", "second", "dig", "+short", "first")).toBe(ip);
        await ok("rm", "-f", "first", "second");
      });

      // An emulated CPU takes minutes for all of them.
      const crowd = slowness() === 1 ? 32 : 8;
      test(
        `${crowd} at once get ${crowd} addresses and ${crowd} ports`,
        async () => {
          const all = Array.from({ length: crowd }, (_, index) =>
            start(`many${index}`, ["--network", "app", "-p", "80"], "exec sleep 600"),
          );
          const ids = await Promise.all(all);
          const seen = new Set<string>();
          for (const id of ids) {
            seen.add(ipOf(await ok("inspect", id), "app"));
            seen.add(await ok("port", id, "80"));
          }
          expect(seen.size).toBe(2 * crowd);
          await ok("rm", "-f", ...ids);
        },
        120_000 * slowness(),
      );
    });
  },
);

/** Other tests on this machine may have a DNS as well. */
function isOurs({ box }: Network): (pid: string) => boolean {
  return (pid) =>
    pid !== "" &&
    run(["cat", `/proc/${pid}/environ`]).stdout.includes(`BUNKER_RUN=${box.runFolder}`);
}
