// How an overlay's folder says that something below it is hidden. overlayfs.rst, "whiteouts and opaque
// directories"

import { S } from "../../../ffi/constants.ts";
import { readAttributeAt, type TreeStatus } from "../../../ffi/tree.ts";

const S_IFMT = 0o170000;

/** Whether something in an overlay's upper folder says that it is removed. */
export const isWhiteoutStatus = ({ mode, major, minor }: TreeStatus): boolean =>
  (mode & S_IFMT) === S.S_IFCHR && major === 0 && minor === 0;

/** Whether an open folder of an overlay hides what is below it. */
export function isOpaque(folder: number): boolean {
  return OPAQUE.some((name) => readAttributeAt(folder, "", name)?.[0] === YES);
}

const OPAQUE = ["trusted.overlay.opaque", "user.overlay.opaque"];
const YES = 0x79;
