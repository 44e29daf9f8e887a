// Other limits for a container that is there.

import { expect, test } from "bun:test";
import { needsRoot } from "../harness/tier.ts";
import { openBox } from "../run/box.ts";

needsRoot("update", () => {
  const box = openBox();
  const ok = async (...args: readonly string[]): Promise<string> => {
    const { exitCode, stdout, stderr } = await box.bunker(args);
    expect({ args, exitCode, stderr }).toEqual({ args, exitCode: 0, stderr: "" });
    return stdout.trimEnd();
  };
  const memory = () => ok("stats", "--no-stream", "--format", "{{.MemUsage}}", "limited");

  test("limits a container that runs, and each later start of it", async () => {
    const flags = ["-d", "--name", "limited", "-m", "64m", "--rootfs", box.rootfs];
    await ok("run", ...flags, "/bin/sleep", "600");
    expect(await ok("update", "-m", "96m", "--pids-limit", "50", "limited")).toBe("limited");
    expect(await memory()).toEndWith(" / 96MiB");
    await ok("update", "-m", "48m", "limited");
    expect(await memory()).toEndWith(" / 48MiB");
    const format = "{{.HostConfig.Memory}} {{.HostConfig.PidsLimit}}";
    expect(await ok("inspect", "-f", format, "limited")).toBe("50331648 50");
    await ok("restart", "-t", "0", "limited");
    expect(await memory()).toEndWith(" / 48MiB");
    await ok("rm", "-f", "limited");
  });

  test("changes the restart policy, and nothing where it is refused", async () => {
    const flags = ["--name", "other", "--cpu-quota", "50000", "--rootfs", box.rootfs];
    await ok("create", ...flags, "/bin/true");
    await ok("update", "--restart", "on-failure:3", "other");
    const policy =
      "{{.HostConfig.RestartPolicy.Name}} {{.HostConfig.RestartPolicy.MaximumRetryCount}}";
    expect(await ok("inspect", "-f", policy, "other")).toBe("on-failure 3");
    const refused = [
      [["--cpus", "1"], "Nano CPUs cannot be updated as CPU Quota has already been set"],
      [["-m", "1m"], "memory limit must be at least 6 MiB: got 1 MiB"],
      [["--restart", "sometimes"], "unknown policy 'sometimes'"],
      [[], "you must provide one or more flags"],
    ] as const;
    for (const [args, said] of refused) {
      const { exitCode, stderr } = await box.bunker(["update", ...args, "other"]);
      expect(exitCode).not.toBe(0);
      expect(stderr).toContain(said);
    }
    expect(await ok("inspect", "-f", policy, "other")).toBe("on-failure 3");
    await ok("rm", "other");
  });
});
