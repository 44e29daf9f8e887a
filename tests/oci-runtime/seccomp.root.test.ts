// Seccomp filters of a config.json, those above all that ask a program what is to become of a call.

import { afterAll, beforeAll, expect, test } from "bun:test";
import { existsSync, readFileSync } from "node:fs";
import { eventually } from "../harness/eventually.ts";
import { needsRoot } from "../harness/tier.ts";
import { linesOf, nextLine } from "../run/box.ts";
import type { LinuxSeccomp } from "../../src/oci/seccomp-types.ts";
import type { Spec } from "../../src/oci/spec.ts";
import { openOciBox } from "./oci-box.ts";

const AGENT = new URL("seccomp-agent.ts", import.meta.url).pathname;

needsRoot("oci: a seccomp filter that asks", () => {
  const box = openOciBox();
  const listenerPath = box.box.path("agent.sock");
  let runs = 0;

  function startAgent() {
    const command = [process.execPath, AGENT, listenerPath];
    const child = Bun.spawn(command, { stdin: "ignore", stdout: "pipe", stderr: "inherit" });
    return { child, lines: linesOf(child.stdout) };
  }

  let agent: ReturnType<typeof startAgent>;
  beforeAll(async () => {
    agent = startAgent();
    expect(await nextLine(agent.lines)).toBe("ready");
  });
  afterAll(async () => {
    agent.child.kill();
    await agent.child.exited;
  });

  const asks =
    (names: readonly string[], more: Partial<LinuxSeccomp> = {}, noNewPrivileges = true) =>
    (spec: Spec): Spec => ({
      ...spec,
      ...(spec.process && { process: { ...spec.process, noNewPrivileges } }),
      linux: {
        ...spec.linux,
        seccomp: {
          defaultAction: "SCMP_ACT_ALLOW",
          listenerPath,
          listenerMetadata: "some text",
          syscalls: [{ names, action: "SCMP_ACT_NOTIFY" }],
          ...more,
        },
      },
    });

  async function run(script: string, change: (spec: Spec) => Spec): Promise<string> {
    runs += 1;
    return (await box.ok(["run", "--bundle", box.bundle(script, change), `asks-${runs}`])).trim();
  }

  const MKDIR = ["mkdir", "mkdirat"];

  test.each([true, false])(
    "has its answers, and its agent the container's state (noNewPrivileges %p)",
    async (noNewPrivileges) => {
      const script = "mkdir /tmp/x 2>&1; ls /proc/self/fd | wc -l";
      const text = await run(script, asks(MKDIR, {}, noNewPrivileges));
      // stdin, stdout, stderr, and the folder that is listed.
      expect(text).toBe("mkdir: can't create directory '/tmp/x': No medium found\n4");
      const state: unknown = JSON.parse(await nextLine(agent.lines));
      expect(state).toMatchObject({
        ociVersion: expect.any(String),
        fds: ["seccompFd"],
        pid: expect.any(Number),
        metadata: "some text",
        state: { id: `asks-${runs}`, status: "creating", bundle: expect.any(String) },
      });
    },
  );

  test.each([true, false])(
    "may ask about what is called on the way to the program (noNewPrivileges %p)",
    async (noNewPrivileges) => {
      const names = ["execve", "openat", "read", "close", "fcntl", "futex", "setresuid", "capset"];
      expect(await run("echo there", asks(names, {}, noNewPrivileges))).toBe("there");
      await nextLine(agent.lines);
    },
  );

  test("holds for exec, whose state says running", async () => {
    await box.start("asking", "sleep 600", asks(MKDIR));
    const created = JSON.parse(await nextLine(agent.lines));
    const exec = await box.oci(["exec", "asking", "mkdir", "/tmp/x"]);
    expect(exec.stderr).toBe("mkdir: can't create directory '/tmp/x': No medium found\n");
    const entered = JSON.parse(await nextLine(agent.lines));
    expect(entered).toMatchObject({ state: { status: "running", pid: created.pid } });
    expect(entered.pid).not.toBe(created.pid);
    await box.ok(["delete", "-f", "asking"]);
  });

  test("gets ENOSYS once its agent is gone", async () => {
    await box.start(
      "orphan",
      "until [ -e /tmp/go ]; do sleep 0.05; done; mkdir /tmp/x 2> /tmp/error",
      asks(MKDIR),
    );
    await nextLine(agent.lines);
    agent.child.kill();
    await agent.child.exited;
    await Bun.write(`${box.box.rootfs}/tmp/go`, "");
    const error = `${box.box.rootfs}/tmp/error`;
    await eventually(() => existsSync(error) && readFileSync(error, "utf8") !== "");
    expect(readFileSync(error, "utf8")).toContain("Function not implemented");
    await box.ok(["delete", "-f", "orphan"]);
  });

  test.each([
    [asks(["write"]), "SCMP_ACT_NOTIFY cannot be used for the write syscall"],
    [
      asks(MKDIR, { listenerPath: "" }),
      "linux.seccomp.listenerPath: must be given with SCMP_ACT_NOTIFY",
    ],
    [asks(MKDIR, { listenerPath: "/nonexistent" }), "failed to connect with seccomp agent"],
    [
      asks(MKDIR, { defaultAction: "SCMP_ACT_NOTIFY" }),
      "SCMP_ACT_NOTIFY cannot be used as default action",
    ],
  ])("is refused where nobody can answer (%#)", async (change, message) => {
    runs += 1;
    const bundle = box.bundle("true", change);
    expect(await box.refusal(["run", "--bundle", bundle, `asks-${runs}`])).toContain(message);
  });

  test("a listener that nothing asks need not be there", async () => {
    const unused = asks([], { listenerPath: "/nonexistent", syscalls: [] });
    expect(await run("echo there", unused)).toBe("there");
  });

  test("a filter holds for startContainer hooks", async () => {
    const bundle = box.bundle("true", (spec) => ({
      ...asks([], { syscalls: [{ names: MKDIR, action: "SCMP_ACT_KILL_PROCESS" }] })(spec),
      hooks: { startContainer: [{ path: "/bin/mkdir", args: ["mkdir", "/tmp/y"] }] },
    }));
    const message = await box.refusal(["run", "--bundle", bundle, "hooked"]);
    expect(message).toContain("error running startContainer hook #0: signal: bad system call");
  });
});
