// A container that says nothing of networks: it is in docker's, and where this machine cannot have that, it
// runs without.

import { expect, test } from "bun:test";
import { underTest } from "../harness/bunker.ts";
import { isReplayable } from "../harness/kept-launches.ts";
import { haveCommand, needsRoot, skipUnless } from "../harness/tier.ts";
import { GREETER, HOST_IP, openNetwork } from "./machines.ts";

const missing = ["ip", "nft", "socat", "nsenter"].filter((command) => !haveCommand(command));
const TIMES = [1, 2, 3, 4] as const;
const HOLD = "echo held && exec sleep 600";

/** As if the environment said nothing. */
const UNSAID = { BUNKER_NETWORK: undefined };

skipUnless(missing.length === 0, `the usual network: ${missing.join(", ")} not installed`)(
  "a container that says nothing of networks",
  () => {
    needsRoot("runs", () => {
      const { box, host, bunker, ok } = openNetwork();

      /** A machine of its own for one command, that has not these programs; `ip` may be another one. */
      const bare = (programs: readonly string[], ip = ""): readonly string[] => {
        const hide = programs.map(
          (name) => `mount --bind /dev/null "$(realpath "$(command -v ${name})")"`,
        );
        const other = ip === "" ? [] : [`mount --bind ${ip} "$(realpath "$(command -v ip)")"`];
        const script = [...hide, ...other, 'exec "$@"'].join(" && ");
        const own = ["unshare", "--net", "--mount", "--propagation", "private"];
        return [...own, "sh", "-c", script, "sh"];
      };

      const runBare = (prefix: readonly string[], words: readonly string[]) =>
        box.bunker(words, {
          prefix,
          env: { ...UNSAID, BUNKER_RUN: box.path("bare-run"), BUNKER_DATA: box.path("bare-data") },
        });

      const LINKS = ["/bin/sh", "-c", "cd /sys/class/net && echo *"];
      const quiet = ["run", "--rm", "--rootfs", box.rootfs];

      test("in the bridge, and reaches the host", async () => {
        host.start(GREETER(7000, "host"));
        const script = "ip -4 -o addr show eth0; exec socat -t2 -T10 - TCP:$0:7000,retry=50";
        const words = ["run", "--rm", "/bin/sh", "-c", script, HOST_IP];
        for (const _ of TIMES) {
          const { stdout, stderr } = await bunker(words, { env: UNSAID });
          const [, ip] = /inet (10\.[\d.]+)\//.exec(stdout) ?? [];
          expect({ stderr, answered: stdout.includes(`host saw ${ip}`) }).toEqual({
            stderr: "",
            answered: true,
          });
        }
        if (underTest() === "binary") expect(isReplayable(box.runFolder, "retry=50")).toBe(true);
      });

      test("there in the background as well, started at once, later or again", async () => {
        const start = { env: UNSAID };
        const program = ["--rootfs", box.rootfs, "/bin/sleep", "600"];
        await bunker(["run", "-d", "--name", "now", ...program], start);
        await bunker(["create", "--name", "later", ...program], start);
        await ok("start", "later");
        await ok("restart", "--timeout", "0", "now");
        for (const name of ["now", "later"]) {
          expect(await ok("exec", name, ...LINKS)).toBe("eth0 lo");
          const format =
            "{{.HostConfig.NetworkMode}} {{.NetworkSettings.Networks.bridge.IPPrefixLen}}";
          expect(await ok("inspect", "-f", format, name)).toBe("bridge 24");
        }
        await ok("rm", "-f", "now", "later");
      });

      test("there again while somebody still holds the network that it had", async () => {
        const program = ["--rootfs", box.rootfs, "/bin/sleep", "600"];
        await bunker(["run", "-d", "--name", "held", ...program], { env: UNSAID });
        const pid = await ok("inspect", "-f", "{{.State.Pid}}", "held");
        const holder = Bun.spawn(["nsenter", `--net=/proc/${pid}/ns/net`, "sh", "-c", HOLD], {
          stdin: "ignore",
          stdout: "pipe",
        });
        try {
          await holder.stdout.getReader().read();
          await ok("restart", "--timeout", "0", "held");
          expect(await ok("exec", "held", ...LINKS)).toBe("eth0 lo");
        } finally {
          holder.kill("SIGKILL");
          await ok("rm", "-f", "held");
        }
      });

      test("there whatever else it says of its namespaces", async () => {
        for (const flags of ["--uts host", "--pid host", "--init", "--privileged", "--ipc host"]) {
          const words = ["run", "--rm", ...flags.split(" "), "--rootfs", box.rootfs, ...LINKS];
          const { stdout, stderr } = await bunker(words, { env: UNSAID });
          expect([flags, stdout, stderr]).toEqual([flags, "eth0 lo\n", ""]);
        }
      });

      test("without one where the environment says so, or itself", async () => {
        const none = { env: { BUNKER_NETWORK: "none" } };
        for (const _ of TIMES) {
          expect((await bunker([...quiet, ...LINKS], none)).stdout).toBe("lo\n");
          expect((await bunker([...quiet, ...LINKS], { env: UNSAID })).stdout).toBe("eth0 lo\n");
        }
        const words = ["run", "--rm", "--network", "none", "--rootfs", box.rootfs, ...LINKS];
        expect((await bunker(words, { env: UNSAID })).stdout).toBe("lo\n");
      });

      const lacks: readonly (readonly [programs: string, line: string])[] = [
        [
          "ip",
          "networks need ip, which is not installed; install the package that has it: iproute2",
        ],
        [
          "nft iptables-restore",
          "networks need nft, which is not installed, nor is iptables; install the package that has it: nftables",
        ],
      ];
      test.each(lacks)(
        "without one and with a line about it where there is no %s",
        async (programs, line) => {
          const prefix = bare(programs.split(" "));
          const said = `bunker: warning: the container has no network: ${line}\n`;
          for (const _ of TIMES) {
            const { exitCode, stdout, stderr } = await runBare(prefix, [...quiet, ...LINKS]);
            expect({ exitCode, stdout, stderr }).toEqual({
              exitCode: 0,
              stdout: "lo\n",
              stderr: said,
            });
          }
          const named = ["run", "--rm", "--network", "bridge", "--rootfs", box.rootfs, ...LINKS];
          expect(await runBare(prefix, named)).toMatchObject({ exitCode: 125, stdout: "" });
          const told = await runBare(prefix, ["explain", "run", "/bin/true"]);
          expect(told.stdout.replaceAll("\n", " ")).toContain(`Warning: ${said.slice(17, -1)}`);
        },
      );

      test("without one and with a line about it where the kernel has no bridges", async () => {
        const real = host.sh('realpath "$(command -v ip)"');
        await Bun.write(
          box.path("ip"),
          `#!/bin/sh
[ "$1" = -batch ] || exec ${box.path("real-ip")} "$@"
read -r line
case $line in *"type bridge") echo "Error: Unknown device type." >&2; echo "Command failed -:1" >&2; exit 1 ;; esac
`,
        );
        host.sh(`cp ${real} ${box.path("real-ip")}; chmod 755 ${box.path("ip")}`);
        const prefix = bare([], box.path("ip"));
        const { exitCode, stdout, stderr } = await runBare(prefix, [...quiet, ...LINKS]);
        expect({ exitCode, stdout }).toEqual({ exitCode: 0, stdout: "lo\n" });
        expect(stderr).toMatch(
          /^bunker: warning: the container has no network: cannot make the bridge of network "bridge": .*: Unknown device type\.\n$/,
        );
      });

      test("without one once `ip` is gone, as often as it has run in one", async () => {
        const words = [...quiet, "/bin/sh", "-c", "cd /sys/class/net && : gone; echo *"];
        for (const _ of TIMES) {
          expect((await bunker(words, { env: UNSAID })).stdout).toBe("eth0 lo\n");
        }
        const hidden = ["unshare", "--mount", "--propagation", "private", "sh", "-c"];
        const script = 'mount --bind /dev/null "$(realpath "$(command -v ip)")" && exec "$@"';
        const prefix = [...host.prefix, ...hidden, script, "sh"];
        for (const _ of TIMES) {
          const { stdout, stderr } = await box.bunker(words, { prefix, env: UNSAID });
          expect(stdout).toBe("lo\n");
          expect(stderr).toMatch(/^bunker: warning: the container has no network: .*iproute2\n$/);
        }
        expect((await bunker(words, { env: UNSAID })).stdout).toBe("eth0 lo\n");
        expect(box.leftovers()).toEqual([]);
      });
    });
  },
);
