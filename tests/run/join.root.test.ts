// Containers that join the namespaces of another: `--pid container:web` and the like.

import { expect, test } from "bun:test";
import { existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { needsRoot } from "../harness/tier.ts";
import { linesOf, nextLine, openBox } from "./box.ts";

needsRoot("run joins", () => {
  const box = openBox();

  /** The id of the only container, once its record says that it runs. */
  async function runningId(): Promise<string> {
    for (;;) {
      for (const id of readdirSync(`${box.runFolder}/containers`)) {
        const record = `${box.runFolder}/containers/${id}/state.json`;
        // Race: the folder is there before the record in it.
        const text = existsSync(record) ? readFileSync(record, "utf8") : "";
        if (text.includes('"status":"running"')) return id;
      }
      await Bun.sleep(5);
    }
  }

  const script =
    "cat /proc/1/cmdline | tr '\\0' ' '; for n in pid net ipc; do readlink /proc/self/ns/$n; done";

  test("the namespaces of a container by its name, its id and the beginning of that", async () => {
    const inside = "for n in pid net ipc; do readlink /proc/self/ns/$n; done; exec cat";
    const flags = ["run", "-i", "--name", "other", "--ipc", "shareable", "--rootfs", box.rootfs];
    await using other = box.start([...flags, "/bin/sh", "-c", inside]);
    const lines = linesOf(other.child.stdout);
    const links = [await nextLine(lines), await nextLine(lines), await nextLine(lines)];
    const id = await runningId();
    for (const name of ["other", id, id.slice(0, 12)]) {
      const joined = ["pid", "network", "ipc"].flatMap((kind) => [
        `--${kind}`,
        `container:${name}`,
      ]);
      expect(await box.sh(script, joined)).toBe(`cat ${links.join("\n")}`);
    }
    // Its program reads to the end of its stdin.
    other.child.stdin.end();
    expect(await other.child.exited).toBe(0);
  });

  test("under its filter, whatever that is: exec", async () => {
    const profile = `${box.folder}/no-mkdir.json`;
    const rule = { names: ["mkdir", "mkdirat"], action: "SCMP_ACT_ERRNO", errnoRet: 122 };
    const denying = { defaultAction: "SCMP_ACT_ALLOW", syscalls: [rule] };
    writeFileSync(profile, JSON.stringify(denying));
    const cases = {
      [`seccomp=${profile}`]: ["2", "mkdir: can't create directory '/made': Disk quota exceeded"],
      "seccomp=unconfined": ["0", ""],
    };
    for (const [option, [mode, complaint]] of Object.entries(cases)) {
      const flags = ["run", "--rm", "-i", "--name", "filtered", "--security-opt", option];
      await using filtered = box.start([...flags, "--rootfs", box.rootfs, "/bin/cat"]);
      await runningId();
      const seen = await box.bunker(["exec", "filtered", "grep", "Seccomp:", "/proc/self/status"]);
      expect(seen.stdout.trim()).toBe(`Seccomp:\t${mode}`);
      const made = await box.bunker(["exec", "filtered", "mkdir", "/made"]);
      expect(made.stderr.trim()).toBe(complaint ?? "");
      filtered.child.stdin.end();
      expect(await filtered.child.exited).toBe(0);
    }
  });

  test("nothing of a container that does not run: it is refused by its name", async () => {
    const outcome = await box.run(["--pid", "container:nobody"], ["/bin/true"]);
    expect(outcome.exitCode).toBe(125);
    expect(outcome.stderr).toBe("bunker: No such container: nobody\n");
  });
});
