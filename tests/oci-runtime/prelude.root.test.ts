// The prelude of the executable does what the runtime would do, or leaves it to the runtime: nobody may
// notice but by the clock.

import { expect, test } from "bun:test";
import { chmodSync, existsSync, readFileSync, writeFileSync } from "node:fs";
import { underTest } from "../harness/bunker.ts";
import { haveCommand, needsRoot } from "../harness/tier.ts";
import { cgroupHierarchies } from "../run/box.ts";
import { DETACHED, eventually, openOciBox } from "./oci-box.ts";

const isThere = underTest() === "binary" && process.arch === "x64" && haveCommand("strace");
if (!isThere) console.warn("skipped: the prelude: x86-64's executable has it, strace looks at it");

// Only v1's freezer shows in the state of a process.
const startsQuickly = existsSync("/sys/fs/cgroup/freezer/cgroup.procs");

needsRoot("the prelude", () => {
  const oci = openOciBox();
  const it = test.skipIf(!isThere);

  /** A verb, and whether the runtime was left out of it: an image was mapped, and no more let go. */
  async function traced(args: readonly string[], env = {}) {
    const file = oci.box.path("trace");
    const prefix = ["strace", "-f", "-qq", "-o", file, "-e", "trace=mmap,munmap"];
    const { exitCode, stderr } = await oci.oci(args, { prefix, env });
    const trace = readFileSync(file, "utf8");
    const isQuick = / mmap\(0x20000000,.* = 0x20000000\n/.test(trace);
    return { exitCode, stderr, isQuick: isQuick && !trace.includes("munmap(0x20000000,") };
  }

  const create = (bundle: string, id: string) =>
    oci.ok(["create", "--bundle", bundle, id], DETACHED);
  const quick = (isQuick = true) => ({ exitCode: 0, stderr: "", isQuick });

  it("starts a container, and deletes it once it has ended", async () => {
    const bundle = oci.bundle("exit 3");
    await create(bundle, "quick-1");
    expect(await traced(["start", "quick-1"])).toEqual(quick(startsQuickly));
    await eventually(async () => (await oci.status("quick-1")) === "stopped");
    expect(await traced(["delete", "quick-1"])).toEqual(quick());
    expect(existsSync(`${oci.root}/quick-1`)).toBe(false);
  });

  it("opens the log that it is told of, as runc does", async () => {
    await create(oci.bundle("exit 0"), "quick-log");
    const log = oci.box.path("quick.log");
    const flags = ["--root", oci.root, "--log", log, "--log-format", "json"];
    await oci.box.bunker(["oci", ...flags, "start", "quick-log"]);
    expect(readFileSync(log, "utf8")).toBe("");
    await oci.ok(["delete", "--force", "quick-log"]);
  });

  it("leaves what is not as usual to the runtime, which says so", async () => {
    const bundle = oci.bundle("exec sleep 600");
    await create(bundle, "unusual");
    await oci.ok(["start", "unusual"]);
    expect(await oci.refusal(["start", "unusual"])).toBe(
      "cannot start an already running container",
    );
    expect(await oci.refusal(["delete", "unusual"])).toContain("that is not stopped: running");
    expect(await traced(["delete", "--force", "unusual"])).toEqual(quick(false));
    expect(await oci.refusal(["delete", "unusual"])).toBe("container does not exist");
  });

  it("does not start what is paused", async () => {
    await create(oci.bundle("exec sleep 600"), "paused-1");
    await oci.ok(["pause", "paused-1"]);
    const { exitCode, isQuick } = await traced(["start", "paused-1"]);
    expect({ exitCode, isQuick }).toEqual({ exitCode: 1, isQuick: false });
    await oci.ok(["resume", "paused-1"]);
    expect(await traced(["start", "paused-1"])).toEqual(quick(startsQuickly));
    await oci.ok(["delete", "--force", "paused-1"]);
  });

  it("is not led by a file that others may write to", async () => {
    await create(oci.bundle("exit 0"), "open-1");
    chmodSync(`${oci.root}/open-1/prelude`, 0o622);
    expect(await traced(["start", "open-1"])).toEqual(quick(false));
    await eventually(async () => (await oci.status("open-1")) === "stopped");
    expect(await traced(["delete", "open-1"])).toEqual(quick(false));
  });

  it("is not led by a file of another kind", async () => {
    await create(oci.bundle("exit 0"), "broken");
    writeFileSync(`${oci.root}/broken/prelude`, "\0".repeat(9000));
    expect(await traced(["start", "broken"])).toEqual(quick(false));
    writeFileSync(`${oci.root}/broken/prelude`, "");
    await eventually(async () => (await oci.status("broken")) === "stopped");
    expect(await traced(["delete", "broken"])).toEqual(quick(false));
  });

  it("knows the container by its process, not by its pid alone", async () => {
    await create(oci.bundle("exec sleep 600"), "by-start");
    const path = `${oci.root}/by-start/prelude`;
    const record = readFileSync(`${oci.root}/by-start/state.json`, "utf8");
    const { initStart } = JSON.parse(record) as { initStart: string };
    const other = String(Number(initStart) - 1);
    const text = readFileSync(path, "latin1").replaceAll(`"${initStart}\0`, `"${other}\0`);
    writeFileSync(path, text, "latin1");
    expect((await traced(["start", "by-start"])).isQuick).toBe(false);
    await oci.ok(["delete", "--force", "by-start"]);
  });

  it("passes what is left in a cgroup on to the runtime", async () => {
    const bundle = oci.bundle("exit 0", (spec) => ({
      ...spec,
      linux: { ...spec.linux, cgroupsPath: `${oci.cgroup}/left-1` },
    }));
    await create(bundle, "left-1");
    await oci.ok(["start", "left-1"]);
    await eventually(async () => (await oci.status("left-1")) === "stopped");
    const [hierarchy = ""] = cgroupHierarchies().filter((path) =>
      existsSync(`${path}${oci.cgroup}/left-1`),
    );
    const child = Bun.spawnSync(["mkdir", `${hierarchy}${oci.cgroup}/left-1/below`]);
    expect(child.exitCode).toBe(0);
    expect(await traced(["delete", "left-1"])).toEqual(quick(false));
  });
});
