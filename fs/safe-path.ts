// The only way to a path inside a rootfs: openat2(2) with RESOLVE_IN_ROOT, relative to an open
// descriptor of the root. What is in the rootfs belongs to strangers.
//
// Security: a symlink, an absolute link, `..` or a magic link in the rootfs ends inside it, also
// while another process swaps parts of the path (CVE-2021-30465, CVE-2019-16884, CVE-2017-1002101).

import { type Call, Slot } from "../ffi/call.ts";
import { type CallOptions, mkdirat, mknodat, openInRoot } from "../ffi/calls.ts";
import { O, S } from "../ffi/constants.ts";
import { EEXIST } from "../ffi/errno.ts";

/** The path below the root: no leading, trailing or doubled slashes, no `.`; "." for the root. */
export function pathBelowRoot(path: string): string {
  let below = "";
  for (const part of path.split("/")) {
    if (part !== "" && part !== ".") below += below === "" ? part : `/${part}`;
  }
  return below === "" ? "." : below;
}

/** Opens a path inside the root for use as a place only (O_PATH). */
export function openPlace(root: Slot, path: string, into: Slot, options?: CallOptions): Call {
  return openInRoot(root, pathBelowRoot(path), O.O_PATH, into, { path, ...options });
}

/** Opens a folder inside the root, not following a symlink at the path's end. */
export function openRealDirectory(
  root: Slot,
  path: string,
  into: Slot,
  options?: CallOptions,
): Call {
  const flags = O.O_PATH | O.O_DIRECTORY | O.O_NOFOLLOW;
  return openInRoot(root, pathBelowRoot(path), flags, into, { path, ...options });
}

/** Makes every missing folder of `path` inside the root, mode 0755. */
export function makeDirectories(root: Slot, path: string): Call[] {
  const parts = pathBelowRoot(path).split("/");
  if (parts[0] === ".") return [];
  const calls: Call[] = [];
  let parent = root;
  parts.forEach((part, i) => {
    const soFar = `/${parts.slice(0, i + 1).join("/")}`;
    calls.push(mkdirat(parent, part, 0o755, { path: soFar, tolerate: [EEXIST] }));
    if (i === parts.length - 1) return;
    const next = new Slot(soFar);
    // Security: the walk starts at the root each time, so that a component that is a symlink is
    // resolved inside the root as well.
    calls.push(openPlace(root, soFar, next));
    parent = next;
  });
  return calls;
}

/** Makes an empty file at `path` and the folders above it, unless there is something already. */
export function makeFile(root: Slot, path: string): Call[] {
  const below = pathBelowRoot(path);
  const slash = below.lastIndexOf("/");
  const name = below.slice(slash + 1);
  const tolerate = [EEXIST];
  if (slash < 0) return [mknodat(root, name, S.S_IFREG | 0o755, 0, { path, tolerate })];
  const parentPath = below.slice(0, slash);
  const parent = new Slot(`/${parentPath}`);
  return [
    ...makeDirectories(root, parentPath),
    openPlace(root, parentPath, parent, { path }),
    mknodat(parent, name, S.S_IFREG | 0o755, 0, { path, tolerate }),
  ];
}
