// The last step of build.sh: `bun src/build/finish-executable.ts FROM TO` writes an executable so that
// it starts quicker. docs/decisions/startup-cost.md has what that gives, and why.
//
// Kernel: since 6.16 on ext4, earlier on XFS, the page cache takes what one write brings into one folio
// of up to 2 MiB. Such a one is mapped by one page fault, and takes one entry of the TLB; but all of it
// counts as memory of the program, so that only what a start needs much of is written so.

import { createHash } from "node:crypto";
import { closeSync, fchmodSync, openSync, readFileSync, statSync, writeSync } from "node:fs";
import { BUILD_LENGTH } from "../container/prelude/gaps.ts";
import { addPrelude } from "./add-prelude.ts";
import { alignSegments, HUGE_PAGE_BYTES } from "./align-segments.ts";
import { findHotRegions } from "./hot-regions.ts";

/** What the kernel maps around a fault, whatever the folios are. */
const PIECE_BYTES = 64 * 1024;

/** @param to is not there yet: what is written over keeps the folios that it has */
function finishExecutable(from: string, to: string): void {
  const file = alignSegments(readFileSync(from));
  const hot = findHotRegions(file);
  const sum = createHash("sha256").update(file).digest("hex");
  addPrelude(file, sum.slice(0, BUILD_LENGTH));
  const fd = openSync(to, "wx");
  try {
    for (let at = 0; at < file.length;) {
      const isHot = at % HUGE_PAGE_BYTES === 0 && hot.has(at);
      at += writeSync(
        fd,
        file,
        at,
        Math.min(file.length - at, isHot ? HUGE_PAGE_BYTES : PIECE_BYTES),
      );
    }
    fchmodSync(fd, statSync(from).mode);
  } finally {
    closeSync(fd);
  }
}

const [from, to] = process.argv.slice(2);
if (from === undefined || to === undefined) throw new Error("usage: finish-executable.ts FROM TO");
finishExecutable(from, to);
