// The command lines of criu that follow from ours.
import { describe, expect, test } from "bun:test";
import { parseLine } from "../../../src/cli/oci/parse.ts";
import { checkpointOptions, checkpointVerb } from "../../../src/cli/oci/verbs/checkpoint.ts";
import { restoreOptions, restoreVerb } from "../../../src/cli/oci/verbs/restore.ts";
import {
  dumpArguments,
  mountsFromOutside,
  restoreArguments,
} from "../../../src/engine/oci/criu-options.ts";
import { makeDefaultSpec } from "../../../src/engine/oci/spec.ts";

const checkpoint = (words: string) =>
  checkpointOptions(parseLine(words.split(" "), checkpointVerb));
const restore = (words: string) => restoreOptions(parseLine(words.split(" "), restoreVerb));
const nothing = { mounts: new Map<string, string>() };

describe("checkpoint", () => {
  test("dumps the tree below the init process, with the mounts of the host named", () => {
    const outside = { mounts: new Map([["/data", "/srv"]]) };
    const options = checkpoint("web --image-path /image --work-path /work");
    expect(dumpArguments(options, 7, "/rootfs", outside).join(" ")).toBe(
      "dump --tree 7 --root /rootfs --images-dir /image --work-dir /work --log-file dump.log -v4 " +
        "--manage-cgroups --empty-ns net --external mnt[/data]:/data",
    );
  });

  test.each([
    ["--leave-running", "--leave-running"],
    ["--tcp-established", "--tcp-established"],
    ["--tcp-skip-in-flight", "--skip-in-flight"],
    ["--link-remap", "--link-remap"],
    ["--ext-unix-sk", "--ext-unix-sk"],
    ["--shell-job", "--shell-job"],
    ["--lazy-pages --status-fd 5", "--lazy-pages"],
    ["--status-fd 5", "--status-fd 5"],
    ["--file-locks", "--file-locks"],
    ["--auto-dedup", "--auto-dedup"],
    ["--manage-cgroups-mode full", "--manage-cgroups=full"],
    ["--page-server 10.0.0.1:99", "--page-server --address 10.0.0.1 --port 99"],
    ["--page-server [::1]:99", "--page-server --address ::1 --port 99"],
    ["--parent-path ../one", "--prev-images-dir ../one --track-mem"],
  ])("hands %s on", (given, expected) => {
    const args = dumpArguments(checkpoint(`web ${given}`), 7, "/rootfs", nothing);
    expect(` ${args.join(" ")} `).toContain(` ${expected} `);
  });

  test("tells criu where the container is frozen, as it would wait for a paused one forever", () => {
    const outside = { ...nothing, freezer: "/sys/fs/cgroup/freezer/web" };
    const args = dumpArguments(checkpoint("web"), 7, "/rootfs", outside);
    expect(args.join(" ")).toContain("--freeze-cgroup /sys/fs/cgroup/freezer/web");
    expect(dumpArguments(checkpoint("web"), 7, "/rootfs", nothing)).not.toContain(
      "--freeze-cgroup",
    );
  });

  test("with --pre-dump saves memory alone", () => {
    const outside = { mounts: new Map([["/data", "/srv"]]) };
    const args = dumpArguments(checkpoint("web --pre-dump"), 7, "/rootfs", outside);
    expect(args[0]).toBe("pre-dump");
    expect(args).toContain("--track-mem");
    expect(args.join(" ")).not.toContain("mnt[");
  });

  test("leaves a network namespace that the container has joined where it is", () => {
    const outside = { ...nothing, network: { path: "/run/netns/a", inode: "4026" } };
    const dump = dumpArguments(checkpoint("web"), 7, "/rootfs", outside);
    expect(dump.join(" ")).toContain("--external net[4026]:extRootNetNS");
    const back = restoreArguments(restore("web"), "/root", "/pid", outside, new Map());
    expect(back.join(" ")).toContain("--external net[extRootNetNS]:/run/netns/a");
    expect(back).not.toContain("--empty-ns");
  });

  test.each([
    ["--page-server nowhere", "Use --page-server ADDRESS:PORT to specify page server"],
    ["--page-server host:port", "Invalid port number"],
    ["--manage-cgroups-mode soggy", 'Invalid manage-cgroups-mode value: "soggy"'],
    ["--empty-ns pid", 'namespace "pid" is not supported'],
  ])("refuses %s", (words, message) => {
    expect(() => checkpoint(`web ${words}`)).toThrow(message);
  });
});

describe("restore", () => {
  test("brings the tree back, with the pipes that it had", () => {
    const outside = { mounts: new Map([["/data", "/srv"]]) };
    const pipes = new Map([["pipe:[12]", 1]]);
    const options = restore("-d --image-path /image --lsm-profile apparmor:x web");
    expect(restoreArguments(options, "/root", "/pid", outside, pipes).join(" ")).toBe(
      "restore --root /root --pidfile /pid --restore-detached --evasive-devices --images-dir /image " +
        "--log-file restore.log -v4 --manage-cgroups --lsm-profile apparmor:x --empty-ns net " +
        "--external mnt[/data]:/srv --inherit-fd fd[1]:pipe:[12]",
    );
  });

  test("in the foreground is the parent", () => {
    const args = restoreArguments(restore("web"), "/root", "/pid", nothing, new Map());
    expect(args).toContain("--restore-sibling");
  });
});

test("binds, nodes and masked files come from outside; masked folders and file systems do not", () => {
  const spec = makeDefaultSpec({ cgroupNamespace: false });
  const bind = { destination: "/data", source: "/srv", options: ["rbind"] };
  const made = {
    ...spec,
    mounts: [...(spec.mounts ?? []), bind],
    linux: {
      ...spec.linux,
      maskedPaths: ["/proc/kcore", "/sys/firmware"],
      devices: [{ path: "/dev/fuse", type: "c", major: 10, minor: 229 }],
    },
  } as const;
  const outside = mountsFromOutside(made, (path) => path === "/sys/firmware");
  expect([...outside]).toEqual([
    ["/data", "/srv"],
    ["/proc/kcore", "/dev/null"],
    ["/dev/fuse", "/dev/fuse"],
  ]);
});
