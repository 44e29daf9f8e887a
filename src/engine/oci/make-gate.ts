// The making of a gate (gate.ts): apart, as who only passes it needs less.

import { AT_FDCWD, O, S } from "../../../ffi/constants.ts";
import { open } from "../../../ffi/fcntl.ts";
import type { Fd } from "../../../ffi/fd.ts";
import { mknodat } from "../../../ffi/stat.ts";
import { GATE_FILE } from "./gate.ts";

/** Makes the gate; the descriptor is for the init process to inherit. */
export function makeGate(folder: string): Fd {
  const path = `${folder}/${GATE_FILE}`;
  mknodat(AT_FDCWD, path, S.S_IFIFO | 0o600, 0);
  return open(path, O.O_RDWR);
}
