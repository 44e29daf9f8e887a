// How a root becomes `/`, and what that must never do.

import { expect, test } from "bun:test";
import { Slot } from "../../ffi/call.ts";
import { planRoot, planRootChange } from "../../fs/root-plan.ts";

test("in a mount namespace that is the caller's, nothing but the rootfs is changed", () => {
  const root = new Slot("rootfs");
  const steps = [
    ...planRoot({
      source: { kind: "directory", path: "/bundle/rootfs" },
      propagation: 0,
      scratch: "/scratch",
      root,
      sharesMounts: true,
    }),
    ...planRootChange(root, false, { how: "chroot" }),
  ];
  const calls = steps.flatMap((step) => step.calls).map(({ name }) => name);
  expect(calls).toEqual(["open_tree", "mount_setattr", "move_mount", "fchdir", "chroot", "chdir"]);
});
