// New limits for a container that runs.

import { expect, test } from "bun:test";
import { writeFileSync } from "node:fs";
import { needsRoot } from "../harness/tier.ts";
import { openOciBox } from "./oci-box.ts";

needsRoot("oci update", () => {
  const box = openOciBox();
  const MIB = 1024 * 1024;

  async function start(id: string): Promise<void> {
    await box.start(id, "while sleep 0.05; do :; done", (spec) => ({
      ...spec,
      linux: {
        ...spec.linux,
        resources: {
          memory: { limit: 32 * MIB, reservation: 24 * MIB },
          cpu: { shares: 100, quota: 500_000, period: 1_000_000 },
          pids: { limit: 20 },
        },
      },
    }));
  }

  const memory = (id: string) => Number(box.control(id, "memory.limit_in_bytes", "memory.max"));
  const pids = (id: string) => box.control(id, "pids.max");

  test("changes what is named and nothing else", async () => {
    await start("named");
    await box.ok(["update", "named", "--memory", "64M"]);
    expect(memory("named")).toBe(64 * MIB);
    expect(pids("named")).toBe("20");
    await box.ok(["update", "--pids-limit", "-1", "named"]);
    expect(pids("named")).toBe("max");
    expect(memory("named")).toBe(64 * MIB);
    await box.ok(["delete", "-f", "named"]);
  });

  test("takes resources from a file or from stdin", async () => {
    await start("filed");
    const file = box.box.path("resources.json");
    writeFileSync(file, JSON.stringify({ pids: { limit: 11 }, unknown: [1] }));
    await box.ok(["update", "-r", file, "filed"]);
    expect(pids("filed")).toBe("11");
    const stdin = JSON.stringify({ memory: { limit: 40 * MIB }, cpu: null });
    await box.ok(["update", "--resources", "-", "filed"], { stdin });
    expect(memory("filed")).toBe(40 * MIB);
    expect(pids("filed")).toBe("11");
    await box.ok(["delete", "-f", "filed"]);
  });

  test("leaves device rules alone, as the peers do", async () => {
    await start("devices");
    const stdin = JSON.stringify({ devices: [{ allow: false, access: "rwm" }] });
    await box.ok(["update", "-r", "-", "devices"], { stdin });
    await box.ok(["exec", "devices", "/bin/sh", "-c", "echo > /dev/null"]);
    await box.ok(["delete", "-f", "devices"]);
  });

  test("leaves a paused container paused", async () => {
    await start("paused");
    await box.ok(["pause", "paused"]);
    await box.ok(["update", "--pids-limit", "30", "paused"]);
    expect(await box.status("paused")).toBe("paused");
    expect(pids("paused")).toBe("30");
    await box.ok(["delete", "-f", "paused"]);
  });

  test("puts back what it had changed when the kernel refuses the rest", async () => {
    await start("refused");
    // Order: memory is written before the cpus that there are not.
    const message = await box.refusal([
      "update",
      "refused",
      "--memory=48M",
      "--pids-limit=9999999",
    ]);
    expect(message).toMatch(/^write .*pids\.max: EINVAL/);
    expect(memory("refused")).toBe(32 * MIB);
    expect(pids("refused")).toBe("20");
    await box.ok(["delete", "-f", "refused"]);
  });

  test.each([
    [["--memory", "lots"], "invalid value for memory: invalid size: 'lots'"],
    [["--cpu-idle", "2"], "resources is not valid: cpu.idle: must be 0 or 1: got 2"],
    [
      ["--blkio-weight", "5"],
      "resources is not valid: blockIO.weight: must be between 10 and 1000: got 5",
    ],
    [["-r", "/dev/null"], "resources is not JSON: JSON Parse error: Unexpected EOF"],
    [["--l3-cache-schema", "L3:0=f"], "Intel RDT/CAT: l3 cache schema is not enabled"],
    [["--mem-bw-schema", "MB:0=50"], "Intel RDT/MBA: memory bandwidth schema is not enabled"],
  ])("refuses %j", async (flags, message) => {
    await start("wrong");
    expect(await box.refusal(["update", "wrong", ...flags])).toBe(message);
    await box.ok(["delete", "-f", "wrong"]);
  });

  test("refuses a container that has stopped, or never was", async () => {
    expect(await box.refusal(["update", "nobody", "--pids-limit", "5"])).toBe(
      "container does not exist",
    );
  });
});
