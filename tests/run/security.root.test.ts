// What a container's program may do: capabilities, no_new_privs, seccomp, hidden paths, devices,
// kernel parameters and resource limits. The values are docker's.

import { describe, expect, test } from "bun:test";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { needsRoot } from "../harness/tier.ts";
import { openBox } from "./box.ts";
import { attachDisk } from "./loop-disk.ts";

const DOCKERS_14 = "00000000a80425fb";
const NONE = "0000000000000000";
const CAP_NET_ADMIN = 1n << 12n;
const CAP_CHOWN = 1n;

const hex = (mask: bigint): string => mask.toString(16).padStart(16, "0");
const status = (field: string): string =>
  new RegExp(`^${field}:\\s*(\\S+)`, "m").exec(readFileSync("/proc/self/status", "utf8"))?.[1] ??
  "";

needsRoot("run secures", () => {
  const box = openBox();

  /** Fields of the program's /proc/self/status. */
  async function statusOf(fields: readonly string[], flags: readonly string[] = []) {
    const text = await box.sh("cat /proc/self/status", flags);
    return fields.map((field) => new RegExp(`^${field}:\\s*(.*)$`, "m").exec(text)?.[1]);
  }
  const SETS = ["CapBnd", "CapEff", "CapPrm", "CapInh", "CapAmb"];

  describe("capabilities", () => {
    const defaults = BigInt(`0x${DOCKERS_14}`);
    const all = BigInt(`0x${status("CapPrm")}`);
    const sets: readonly (readonly [what: string, flags: readonly string[], mask: bigint])[] = [
      ["docker's fourteen by default", [], defaults],
      ["none with --cap-drop ALL", ["--cap-drop", "ALL"], 0n],
      ["one less", ["--cap-drop", "CAP_CHOWN"], defaults & ~CAP_CHOWN],
      ["one more", ["--cap-add", "net_admin"], defaults | CAP_NET_ADMIN],
      ["one only", ["--cap-drop", "all", "--cap-add", "CHOWN"], CAP_CHOWN],
      ["all that we have with --cap-add ALL", ["--cap-add", "ALL"], all],
      ["all but one", ["--cap-add", "ALL", "--cap-drop", "NET_ADMIN"], all & ~CAP_NET_ADMIN],
      ["all that we have with --privileged", ["--privileged"], all],
    ];
    for (const [what, flags, mask] of sets) {
      test(what, async () => {
        const wanted = hex(mask);
        expect(await statusOf(SETS, flags)).toEqual([wanted, wanted, wanted, NONE, NONE]);
      });
    }

    test("none in effect for another user than root, who could get them by setuid programs", async () => {
      const sets = await statusOf(SETS, ["-u", "1000"]);
      expect(sets).toEqual([DOCKERS_14, NONE, NONE, NONE, NONE]);
    });

    test("not one that the host has not got: it is refused", async () => {
      const missing = ["SYS_RESOURCE", "MAC_ADMIN", "SYS_MODULE"].find((name) => {
        const number = { SYS_RESOURCE: 24n, MAC_ADMIN: 33n, SYS_MODULE: 16n }[name] ?? 0n;
        return (all & (1n << number)) === 0n;
      });
      if (missing === undefined) return;
      const outcome = await box.run(["--cap-add", missing], ["/bin/true"]);
      expect(outcome).toEqual({
        exitCode: 125,
        stdout: "",
        stderr:
          "bunker: capability not supported by your kernel or not available in the current " +
          `environment: "CAP_${missing}"\n`,
      });
    });
  });

  describe("no_new_privs", () => {
    test("is off, as docker has it, and on with the option", async () => {
      expect(await statusOf(["NoNewPrivs"])).toEqual(["0"]);
      for (const option of ["no-new-privileges", "no-new-privileges:true"]) {
        expect(await statusOf(["NoNewPrivs", "Seccomp"], ["--security-opt", option])).toEqual([
          "1",
          "2",
        ]);
      }
      expect(await statusOf(["NoNewPrivs"], ["--security-opt", "no-new-privileges:false"])).toEqual(
        ["0"],
      );
    });
  });

  describe("seccomp", () => {
    test("filters by default, not with unconfined, nor with --privileged", async () => {
      expect(await statusOf(["Seccomp", "Seccomp_filters"])).toEqual(["2", "1"]);
      expect(await statusOf(["Seccomp"], ["--security-opt", "seccomp=unconfined"])).toEqual(["0"]);
      expect(await statusOf(["Seccomp"], ["--privileged"])).toEqual(["0"]);
    });

    test("holds a user without capabilities as well", async () => {
      expect(await statusOf(["Seccomp"], ["-u", "web", "--cap-drop", "ALL"])).toEqual(["2"]);
    });

    test("does what a profile of one's own says, also a second time", async () => {
      const profile = box.path("profile.json");
      const syscalls = [{ names: ["mkdir", "mkdirat"], action: "SCMP_ACT_ERRNO", errnoRet: 38 }];
      writeFileSync(profile, JSON.stringify({ defaultAction: "SCMP_ACT_ALLOW", syscalls }));
      const script = "mkdir /tmp/x 2>&1; grep Seccomp: /proc/self/status";
      for (let i = 0; i < 2; i++) {
        expect(await box.sh(script, ["--security-opt", `seccomp=${profile}`])).toBe(
          "mkdir: can't create directory '/tmp/x': Function not implemented\nSeccomp:\t2",
        );
      }
      // What was changed in the file is not what was cached.
      writeFileSync(profile, JSON.stringify({ defaultAction: "SCMP_ACT_ALLOW", syscalls: [] }));
      expect(
        await box.sh("mkdir /tmp/y && rmdir /tmp/y", ["--security-opt", `seccomp=${profile}`]),
      ).toBe("");
    });

    const refused: readonly (readonly [text: string, part: string])[] = [
      ["{", "not JSON"],
      ["[]", "must be a JSON object"],
      ['{"defaultAction":"SCMP_ACT_NONSENSE"}', "SCMP_ACT_NONSENSE"],
    ];
    for (const [text, part] of refused) {
      test(`refuses the profile ${text}`, async () => {
        const profile = box.path("bad-profile.json");
        writeFileSync(profile, text);
        const outcome = await box.run(["--security-opt", `seccomp=${profile}`], ["/bin/true"]);
        expect(outcome.exitCode).toBe(125);
        expect(outcome.stderr).toContain(part);
        expect(outcome.stderr).not.toContain("internal error");
      });
    }

    test("refuses a profile that is not there", async () => {
      const profile = box.path("no-profile.json");
      const outcome = await box.run(["--security-opt", `seccomp=${profile}`], ["/bin/true"]);
      expect(outcome).toEqual({
        exitCode: 125,
        stdout: "",
        stderr: `bunker: opening seccomp profile (${profile}) failed: open ${profile}: no such file or directory\n`,
      });
    });
  });

  describe("hidden paths", () => {
    test("are empty or not to be read; without them with systempaths=unconfined", async () => {
      const hidden = ["/proc/interrupts", "/proc/timer_list", "/proc/keys"].filter(existsSync);
      const script = `cat ${hidden.join(" ")} | wc -c; ls /sys/firmware | wc -l`;
      expect(await box.sh(script)).toBe("0\n0");
      const [bytes] = (await box.sh(script, ["--security-opt", "systempaths=unconfined"])).split(
        "\n",
      );
      expect(Number(bytes)).toBeGreaterThan(0);
    });

    test("cannot be uncovered", async () => {
      const script =
        "umount /proc/interrupts 2>/dev/null || umount -l /proc/sys 2>/dev/null || echo no";
      expect(await box.sh(script)).toBe("no");
    });

    test("/proc/sys cannot be written to, but with --privileged", async () => {
      const file = "/proc/sys/net/ipv4/ip_default_ttl";
      expect(await box.sh(`(echo 63 > ${file}) 2>&1 | grep -o 'Read-only.*'`)).toBe(
        "Read-only file system",
      );
      expect(await box.sh(`echo 63 > ${file} && cat ${file}`, ["--privileged"])).toBe("63");
    });
  });

  describe("devices", () => {
    const disk = attachDisk(box.folder);

    test("of the host's are not there", async () => {
      expect(await box.sh(`ls ${disk?.path ?? "/dev/loop0"} 2>/dev/null || echo none`)).toBe(
        "none",
      );
    });

    test.skipIf(disk === undefined)("made by mknod cannot be opened", async () => {
      const script =
        `mknod /tmp/disk b ${disk?.major} ${disk?.minor} && echo made; ` +
        "head -c 1 /tmp/disk 2>&1 >/dev/null; rm /tmp/disk";
      expect(await box.sh(script)).toBe("made\nhead: /tmp/disk: Operation not permitted");
    });

    test("of the harmless kind made by mknod can be", async () => {
      expect(
        await box.sh("mknod /tmp/null c 1 3 && echo x > /tmp/null && rm /tmp/null && echo ok"),
      ).toBe("ok");
    });

    test("/dev/kmsg, /dev/mem and the like can neither", async () => {
      const script =
        "for n in '1 11' '1 1' '1 2' '10 200' '10 229'; do mknod /tmp/d c $n && " +
        "(head -c 1 /tmp/d >/dev/null) 2>&1; rm /tmp/d; done | sort | uniq -c";
      expect(await box.sh(script)).toMatch(/^ *5 head: \/tmp\/d: Operation not permitted$/);
    });

    test.skipIf(disk === undefined)("with --device are there, as far as it allows", async () => {
      const flags = ["--device", `${disk?.path}:/dev/disk:r`];
      const script =
        "stat -c '%F %t,%T' /dev/disk; head -c 1 /dev/disk | wc -c; (: >> /dev/disk) 2>&1 | grep -o 'Operation.*'";
      expect(await box.sh(script, flags)).toBe(
        `block special file ${disk?.major.toString(16)},${disk?.minor.toString(16)}\n1\nOperation not permitted`,
      );
    });

    test("with --device that the host has not got: refused", async () => {
      const outcome = await box.run(["--device", "/dev/nothing-here"], ["/bin/true"]);
      expect(outcome).toEqual({
        exitCode: 125,
        stdout: "",
        stderr: 'bunker: device does not exist: "/dev/nothing-here"\n',
      });
    });

    test.skipIf(disk === undefined)("are all there with --privileged", async () => {
      expect(
        await box.sh(`test -b ${disk?.path} && head -c 1 ${disk?.path} | wc -c`, ["--privileged"]),
      ).toBe("1");
    });
  });

  describe("kernel parameters", () => {
    test("of its own namespaces are set by --sysctl, and the host's stay", async () => {
      const file = "/proc/sys/net/ipv4/ip_forward";
      const before = readFileSync(file, "utf8");
      const other = before.trim() === "1" ? "0" : "1";
      const flags = ["--sysctl", `net.ipv4.ip_forward=${other}`, "--sysctl", "kernel.msgmax=12345"];
      expect(await box.sh(`cat ${file} /proc/sys/kernel/msgmax`, flags)).toBe(`${other}\n12345`);
      expect(readFileSync(file, "utf8")).toBe(before);
    });

    test("of the host's are refused", async () => {
      for (const [flags, message] of [
        [["--sysctl", "vm.swappiness=1"], "vm.swappiness"],
        [["--network", "host", "--sysctl", "net.ipv4.ip_forward=1"], "net.ipv4.ip_forward"],
        [["--sysctl", "kernel.../../vm/swappiness=1"], "swappiness"],
      ] as const) {
        const outcome = await box.run(flags, ["/bin/true"]);
        expect(outcome.exitCode).toBe(125);
        expect(outcome.stderr).toContain(message);
        expect(outcome.stderr).not.toContain("internal error");
      }
    });
  });

  describe("resource limits", () => {
    test("are what --ulimit says, however low", async () => {
      const flags = ["--ulimit", "nofile=10:20", "--ulimit", "core=0", "--ulimit", "nproc=64:128"];
      const script = "ulimit -Sn; ulimit -Hn; ulimit -c; grep processes /proc/self/limits";
      expect(await box.sh(script, flags)).toMatch(
        /^10\n20\n0\nMax processes +64 +128 +processes *$/,
      );
    });

    test("that cannot be given are as high as can be, with a warning", async () => {
      if ((BigInt(`0x${status("CapEff")}`) & (1n << 24n)) !== 0n) return;
      const hard = /Max open files +\S+ +(\S+)/.exec(
        readFileSync("/proc/self/limits", "utf8"),
      )?.[1];
      const outcome = await box.run(["--ulimit", "nofile=9999999"], ["/bin/sh", "-c", "ulimit -n"]);
      expect(outcome).toEqual({
        exitCode: 0,
        stdout: `${hard}\n`,
        stderr: `bunker: warning: RLIMIT_NOFILE is limited to ${hard}: raising it needs CAP_SYS_RESOURCE\n`,
      });
    });
  });
});
