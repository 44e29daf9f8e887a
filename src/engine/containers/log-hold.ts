// Keeping a log from being rotated away under somebody who has to see all of it: a caller who is joined
// to the container. Who merely reads the log may miss what is rotated away before they come to it.
//
// Before a rotation the guardian waits for the lock of `turn.a`, and then exchanges the names of the two
// files. Whoever holds the lock of `turn.b` lets the present files be rotated, but not their successors:
// they must have been opened first.
//
//   holds turn.b ── rotation ──▶ it is turn.a now: the next one has to wait
//   opens the new files, takes what is now turn.b, gives turn.a back

import { AT, O } from "../../../ffi/constants.ts";
import { open } from "../../../ffi/fcntl.ts";
import type { Fd } from "../../../ffi/fd.ts";
import { makeDirectoryTree } from "../../../ffi/files.ts";
import { flock, LOCK } from "../../../ffi/flock.ts";
import { statx } from "../../../ffi/stat.ts";
import { NEXT_TURN, THIS_TURN } from "../../container/guardian-files.ts";

export class LogHold implements Disposable {
  #held: Fd;

  /** @param folder of the log; made where it is missing */
  constructor(private readonly folder: string) {
    makeTurns(folder);
    this.#held = this.#take();
  }

  /** To be called once the files of the last rotation are open. */
  renew(): void {
    const taken = this.#take();
    const isSame = inodeOf(taken) === inodeOf(this.#held);
    const unwanted = isSame ? taken : this.#held;
    if (!isSame) this.#held = taken;
    unwanted[Symbol.dispose]();
  }

  #take(): Fd {
    const path = `${this.folder}/${NEXT_TURN}`;
    const turn = open(path, O.O_RDWR | O.O_CREAT, 0o600);
    flock(turn.number, LOCK.LOCK_SH, path);
    return turn;
  }

  [Symbol.dispose](): void {
    this.#held[Symbol.dispose]();
  }
}

/** Makes the two files, which the guardian exchanges. */
export function makeTurns(folder: string): void {
  makeDirectoryTree(folder, 0o700);
  for (const name of [THIS_TURN, NEXT_TURN]) {
    using _ = open(`${folder}/${name}`, O.O_RDWR | O.O_CREAT, 0o600);
  }
}

const inodeOf = (file: Fd): bigint => statx(file.number, "", AT.AT_EMPTY_PATH).inode;
