// What the OCI runtime does where a prelude could not go on: src/container/prelude/oci-tape.ts.

import { bytesAddress, prepareErrno } from "../../../ffi/library.ts";
import { syscall } from "../../../ffi/syscall.ts";
import { readStatus } from "../../container/end.ts";
import { CHANNEL_FD } from "../../container/prelude/run-tape.ts";
import { deleteContainer } from "./delete.ts";
import type { OciGlobals } from "./options.ts";

const SIGINFO_BYTES = 128;

const quiet = (root: string): OciGlobals => ({
  root,
  systemdCgroup: false,
  name: "bunker oci",
  warn: () => undefined,
  debug: () => undefined,
});

/** What there is of a container that could not be made is taken away. */
export async function takeBack([root = "", id = ""]: readonly string[]): Promise<void> {
  prepareErrno();
  await deleteContainer({ id, force: true }, quiet(root));
}

/** The exit code of one that has ended, which is cleared. */
export async function finishEnded(words: readonly string[]): Promise<number> {
  prepareErrno();
  const info = new Uint8Array(SIGINFO_BYTES);
  syscall("pread64", [CHANNEL_FD, bytesAddress(info), info.length, Number(words[2])]);
  await takeBack(words);
  const { kind, value } = readStatus(new DataView(info.buffer));
  return kind === "exited" ? value : 128 + value;
}
