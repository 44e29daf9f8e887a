// `bunker explain run` and `run --trace` as their users see them.

import { expect, test } from "bun:test";
import { bunker, bunkerOutput } from "../harness/bunker.ts";
import { leftSince, takeInventory } from "../harness/leftovers.ts";
import { busyboxRootfs } from "../harness/rootfs.ts";
import { openFolders } from "../harness/test-folders.ts";
import { isRoot, needsRoot } from "../harness/tier.ts";

/** The same by a user without any privilege. */
const UNPRIVILEGED = isRoot()
  ? ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"]
  : [];

test("explain tells the steps without privilege, and that it did so", async () => {
  const text = await bunkerOutput(["explain", "run", "-m", "64m", "/bin/true"], {
    prefix: UNPRIVILEGED,
  });
  expect(text).toContain("You are not root");
  expect(text).toContain('"67108864"');
  expect(text).toContain("PR_CAPBSET_DROP, CAP_");
  expect(text).toMatch(/\n {3}\d+ steps, \d+ system calls, \d+ namespaces: /);
});

test("explain tells of the network that a container has by default, without privilege", async () => {
  const text = await bunkerOutput(["explain", "run", "/bin/true"], {
    prefix: UNPRIVILEGED,
    env: { BUNKER_NETWORK: undefined },
  });
  expect(text).toMatch(/^\d+ +The network$/m);
  expect(text).toContain("type veth");
});

test("explain --format json is one value with every step", async () => {
  const text = await bunkerOutput(["explain", "--format", "json", "run", "/bin/true"]);
  const { steps, totals } = JSON.parse(text);
  expect(steps.length).toBe(totals.steps);
  expect(steps[0]).toEqual(expect.objectContaining({ who: "bunker" }));
});

test("explain changes nothing", async () => {
  const before = takeInventory();
  await bunkerOutput(["explain", "run", "--cap-add", "SYS_ADMIN", "/bin/true"]);
  expect(await leftSince(before)).toEqual([]);
});

needsRoot("run --trace", () => {
  const env = openFolders();

  test("prints each call with its time and result, and where the time went", async () => {
    const command = ["run", "--trace", "--rootfs", busyboxRootfs(), "echo", "from inside"];
    const { stdout, stderr } = await bunker(command, { env });
    expect(stdout).toBe("from inside\n");
    expect(stderr).toMatch(/^ +\d+\.\d µs {2}pivot_root\("\.", "\."\) += 0$/m);
    expect(stderr).toMatch(/^ +execve\("\/bin\/echo", .* = \?$/m);
    expect(stderr).toMatch(/^\d+ system calls in \d+\.\d\d ms, by step:$/m);
  });
});
