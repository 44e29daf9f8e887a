// Whose ids `--userns auto` takes.

import { describe, expect, test } from "bun:test";
import { UserError } from "../../src/errors.ts";
import { findIdRanges, makeMapping } from "../../src/engine/id-ranges.ts";
import { baseOptions } from "./base-options.ts";

describe("the ids of a user namespace are", () => {
  const rows: readonly (readonly [what: string, text: string, hostID: number, size: number])[] = [
    ["high ones where there is no file", "", 0x70000000, 65536],
    ["high ones where nobody of ours has any", "web:100000:65536\n", 0x70000000, 65536],
    ["root's", "web:100000:65536\nroot:200000:65536\n", 200000, 65536],
    ["those of containers before root's", "root:2:65536\ncontainers:300000:65536\n", 300000, 65536],
    ["bunker's own before all", "containers:3:65536\nbunker:400000:65536\n", 400000, 65536],
    ["65536 of a larger range", "bunker:400000:1000000\n", 400000, 65536],
    ["all of a smaller range", "bunker:400000:1000\n", 400000, 1000],
    ["not those of a broken line", "bunker:x:65536\nbunker:0:1\nbunker:5\n", 0x70000000, 65536],
  ];
  for (const [what, text, hostID, size] of rows) {
    test(what, () => {
      expect(makeMapping(text)).toEqual({ containerID: 0, hostID, size });
    });
  }
});

test("the view of the host is refused: it cannot be id-mapped", () => {
  const options = { ...baseOptions, root: { kind: "host" } } as const;
  expect(() => findIdRanges(options)).toThrow(
    new UserError(
      "--userns auto needs a rootfs or an image: the view of the host has no id-mapped mounts",
      "add --rootfs FOLDER",
    ),
  );
});
