// checkpoint and restore, with a program in criu's place: criu itself works on few kernels, and what
// is bunker's part of it is everything around that program.

import { expect, test } from "bun:test";
import { chmodSync, existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { eventually } from "../harness/eventually.ts";
import { needsRoot } from "../harness/tier.ts";
import { DETACHED, openOciBox } from "./oci-box.ts";

// Notes its arguments. Dumping, it makes a file of the image; restoring, it starts a process.
const CRIU = `#!/bin/sh
echo "$@" >> "$CRIU_ARGUMENTS"
case "$1" in
  check) exit "\${CRIU_CHECK:-0}" ;;
esac
[ -n "$CRIU_FAILS" ] && { echo "(00.1) Error (criu/x.c:1): no way" > "$CRIU_LOG"; exit 3; }
while [ $# -gt 0 ]; do
  case "$1" in
    --images-dir) images=$2 ;;
    --pidfile) pidfile=$2 ;;
  esac
  shift
done
echo image > "$images/inventory.img"
[ -z "$pidfile" ] && exit 0
setsid sleep 600 > /dev/null 2>&1 < /dev/null &
echo $! > "$pidfile"
`;

needsRoot("oci checkpoint and restore", () => {
  const box = openOciBox();
  const bin = box.box.path("bin");
  mkdirSync(bin);
  writeFileSync(`${bin}/criu`, CRIU);
  chmodSync(`${bin}/criu`, 0o755);

  const world = (more: Record<string, string> = {}) => ({
    env: {
      PATH: `${bin}:${process.env["PATH"]}`,
      CRIU_ARGUMENTS: box.box.path("arguments"),
      CRIU_LOG: box.box.path("image/dump.log"),
      ...more,
    },
  });
  const SLEEPS = "while sleep 0.05; do :; done";
  const image = ["--image-path", box.box.path("image")];

  test("checkpoint refuses one that has ended, whatever became of others by the same words", async () => {
    const checkpoint = (i: number) => ["checkpoint", ...image, `ended-${i}`];
    for (let i = 0; i < 3; i++) {
      await box.start(`ended-${i}`, SLEEPS);
      await box.ok(checkpoint(i), world());
    }
    await box.start("ended-3", SLEEPS);
    await box.ok(["kill", "ended-3", "KILL"]);
    await eventually(async () => (await box.status("ended-3")) === "stopped");
    await box.refusal(checkpoint(3), world());
    expect(await box.status("ended-3")).toBe("stopped");
    await box.ok(["delete", "ended-3"]);
    rmSync(box.box.path("arguments"));
  });

  test("checkpoint writes an image and deletes the container, restore makes it anew", async () => {
    await box.start("saved", SLEEPS);
    const state: { bundle: string; pid: number } = JSON.parse(await box.ok(["state", "saved"]));
    await box.ok(["checkpoint", ...image, "saved"], world());
    expect(readFileSync(box.box.path("arguments"), "utf8")).toStartWith(
      `dump --tree ${state.pid} --root ${box.box.rootfs} --images-dir ${box.box.path("image")} `,
    );
    expect(await box.refusal(["state", "saved"])).toBe("container does not exist");
    const restore = ["restore", "-d", ...image, "--bundle", state.bundle];
    const pidFile = box.box.path("pid");
    await box.ok([...restore, "--pid-file", pidFile, "saved"], { ...DETACHED, ...world() });
    const restored: unknown = JSON.parse(await box.ok(["state", "saved"]));
    const pid = Number(readFileSync(pidFile, "utf8"));
    expect(restored).toMatchObject({ status: "running", pid, bundle: state.bundle });
    await box.ok(["delete", "-f", "saved"]);
  });

  test("--leave-running and --pre-dump let the container go on", async () => {
    await box.start("kept", SLEEPS);
    await box.ok(["checkpoint", ...image, "--leave-running", "kept"], world());
    await box.ok(["checkpoint", ...image, "--pre-dump", "kept"], world());
    expect(await box.status("kept")).toBe("running");
    await box.ok(["delete", "-f", "kept"]);
  });

  test("a failure of criu leaves the container as it was, and says where the log is", async () => {
    await box.start("failed", SLEEPS);
    const options = world({ CRIU_FAILS: "1", CRIU_CHECK: "1" });
    const { exitCode, stderr } = await box.oci(["checkpoint", ...image, "failed"], options);
    expect(exitCode).toBe(1);
    expect(stderr).toContain('level=warning msg="criu: (00.1) Error (criu/x.c:1): no way"');
    const log = box.box.path("image/dump.log");
    expect(stderr).toContain(`level=error msg="criu failed: exit status 3, log file: ${log}"`);
    expect(stderr).toContain("hint: criu check fails on this host");
    expect(await box.status("failed")).toBe("running");
    const { bundle } = JSON.parse(await box.ok(["state", "failed"]));
    await box.ok(["delete", "-f", "failed"]);
    writeFileSync(box.box.path("image/descriptors.json"), "[]");
    const restore = ["restore", "-d", ...image, "--bundle", bundle, "failed"];
    expect((await box.oci(restore, options)).exitCode).toBe(1);
    expect(await box.refusal(["state", "failed"])).toBe("container does not exist");
    expect(existsSync(`${box.root}/failed`)).toBe(false);
  });

  test("without criu it says so", async () => {
    await box.start("none", SLEEPS);
    const env = { PATH: "/nonexistent" };
    expect(await box.refusal(["checkpoint", ...image, "none"], { env })).toBe(
      'cannot checkpoint or restore: exec: "criu": executable file not found in $PATH',
    );
    await box.ok(["delete", "-f", "none"]);
  });

  test("a parent image must be beside the new one", async () => {
    await box.start("child", SLEEPS);
    const checkpoint = ["checkpoint", ...image, "child", "--parent-path"];
    expect(await box.refusal([...checkpoint, "/parent"])).toBe("--parent-path must be relative");
    expect(await box.refusal([...checkpoint, "../parent"])).toContain(
      "invalid --parent-path: stat",
    );
    await box.ok(["delete", "-f", "child"]);
  });

  test("only what runs can be saved, and only what was saved restored", async () => {
    const bundle = box.bundle("true");
    await box.ok(["create", "--bundle", bundle, "fresh"], DETACHED);
    expect(await box.refusal(["checkpoint", ...image, "fresh"])).toBe(
      "Container cannot be checkpointed in created state",
    );
    await box.ok(["delete", "fresh"]);
    const restore = ["restore", "-d", "--image-path", "/nonexistent", "--bundle", bundle, "lost"];
    expect(await box.refusal(restore)).toStartWith("no checkpoint in /nonexistent: open");
  });
});
