// What people run: a web server that is asked for much, streams as fast as they go, a server of names
// that is asked by many.

import { beforeAll, expect, test } from "bun:test";
import { existsSync } from "node:fs";
import { eventually } from "../harness/eventually.ts";
import { haveCommand, needsRoot, skipUnless, slowness } from "../harness/tier.ts";
import { HOST_IP, openNetwork, run } from "./machines.ts";

const CACHE = new URL("../../.cache/programs", import.meta.url).pathname;
const LIBRARIES = `LD_LIBRARY_PATH=${CACHE}/usr/lib/x86_64-linux-gnu`;
const QUERIES_PER_SECOND = 5000 / slowness();
const TIMEOUT_MS = 60_000 * slowness();

const needed = ["ip", "nft", "socat", "iperf3", "nsenter"];
const missing = needed.filter((command) => !haveCommand(command));

skipUnless(missing.length === 0, `programs in networks: ${missing.join(", ")} not installed`)(
  "networks",
  () => {
    needsRoot("of real programs", () => {
      const network = openNetwork();
      const { host, client, ok, start } = network;
      beforeAll(async () => {
        await ok("network", "create", "--ipv6", "app");
      });

      test(
        "streams pass a published port both ways, by tcp and by udp",
        async () => {
          const ports = ["-p", "5201:5201", "-p", "5201:5201/udp"];
          await start("stream", ["--network", "app", ...ports], "exec iperf3 --server");
          for (const [machine, address] of [
            [client, HOST_IP],
            [host, "127.0.0.1"],
            [host, "::1"],
          ] as const) {
            for (const way of [[], ["--reverse"], ["--udp", "--bitrate", "100M"]]) {
              const words = ["iperf3", "--json", "--bytes", "4M", ...way, "--client", address];
              expect(await receivedBytes([...machine.prefix, ...words])).toBeGreaterThan(100_000);
            }
          }
          await ok("rm", "-f", "stream");
        },
        TIMEOUT_MS,
      );

      skipUnless(
        existsSync(CACHE),
        "nginx, dnsperf: once tests/network/fetch-programs.sh has been run",
      )("fetched", () => {
        test(
          "nginx gives a large file to curl on another machine, and by name to a container",
          async () => {
            const serve = [
              "mkdir -p /srv/files /var/log/nginx /var/lib/nginx",
              "head -c 50000000 /dev/urandom >/srv/files/large; sha256sum </srv/files/large >/srv/files/sum",
              `echo 'daemon off; error_log /dev/null; events {} http { access_log off; server { listen 80; listen [::]:80; root /srv/files; } }' >/srv/conf`,
              `exec ${CACHE}/usr/sbin/nginx -c /srv/conf`,
            ].join("; ");
            await start("web", ["--network", "app", "-p", "8080:80"], serve);
            const fetch = (address: string): string =>
              `for path in sum large; do curl -sf --retry 20 --retry-connrefused --retry-delay 1 http://${address}/$path >/tmp/$path.$$ || exit 1; done; sha256sum </tmp/large.$$ | cmp - /tmp/sum.$$ && echo same; rm -f /tmp/*.$$`;
            expect(client.sh(fetch(`${HOST_IP}:8080`))).toBe("same");
            expect(host.sh(fetch("[::1]:8080"))).toBe("same");
            const inside = ["run", "--rm", "--network", "app", "/bin/sh", "-c", fetch("web")];
            expect(await ok(...inside)).toBe("same");
            await ok("rm", "-f", "web");
          },
          TIMEOUT_MS,
        );

        test(
          `${QUERIES_PER_SECOND} queries a second are answered, all of them`,
          async () => {
            const names = Array.from({ length: 4 }, (_, index) => `name${index}`);
            for (const name of names) await start(name, ["--network", "app"], "exec sleep 600");
            const list = names.flatMap((name) => [`${name} A`, `${name} AAAA`]).join("\\n");
            const rate = `-Q ${QUERIES_PER_SECOND} -l 3 -t 5`;
            const script = `server=$(sed -n 's/^nameserver //p' /etc/resolv.conf); printf '${list}\\n' >/tmp/names; ${LIBRARIES} ${CACHE}/usr/bin/dnsperf -s $server -d /tmp/names ${rate}`;
            const said = await ok("run", "--rm", "--network", "app", "/bin/sh", "-c", script);
            expect(said).toMatch(/Queries lost: +0 /);
            expect(said).toMatch(/NOERROR \d+ \(100\.00%\)/);
            const sent = Number(/Queries sent: +(\d+)/.exec(said)?.[1]);
            expect(sent).toBeGreaterThan(2.9 * QUERIES_PER_SECOND);
            await ok("rm", "-f", ...names);
          },
          TIMEOUT_MS,
        );
      });

      async function receivedBytes(words: readonly string[]): Promise<number> {
        // The server may still be on its way, or at the end of its last test.
        let bytes: unknown;
        await eventually(() => {
          const { exitCode, stdout } = run(words);
          const end = exitCode === 0 ? JSON.parse(stdout).end : undefined;
          bytes = end?.sum_received?.bytes ?? end?.sum?.bytes;
          return Number(bytes) > 0;
        });
        return Number(bytes);
      }
    });
  },
);
