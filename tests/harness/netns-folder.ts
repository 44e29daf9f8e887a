// The folder in which ip-netns(8) has its names: it makes it, mounts it on itself, and leaves it for good.

import { existsSync, rmdirSync } from "node:fs";

const FOLDER = "/run/netns";

/** Takes the folder away again in the end, where it was not there and nobody has a namespace in it. */
export function withoutNetnsFolder(): Disposable {
  const wasThere = existsSync(FOLDER);
  return {
    [Symbol.dispose]() {
      if (wasThere || !existsSync(FOLDER)) return;
      Bun.spawnSync(["umount", FOLDER], { stderr: "ignore" });
      try {
        rmdirSync(FOLDER);
      } catch {
        // Somebody has one in there, or it is not ours to remove.
      }
    },
  };
}
