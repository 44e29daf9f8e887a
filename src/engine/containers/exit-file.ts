// How a container has ended, as its guardian wrote it down: the siginfo of waitid(2), and the time.

import { O } from "../../../ffi/constants.ts";
import { open, openIfThere } from "../../../ffi/fcntl.ts";
import type { Fd } from "../../../ffi/fd.ts";
import { readAt, writeAt } from "../../../ffi/tree.ts";
import {
  ADOPTED_OFFSET,
  EXIT_BYTES,
  PIDFD_INFO_EXIT,
  PIDFD_INFO_STATUS_OFFSET,
  PIDFD_INFO_UNANSWERED,
  PIDFD_INFO_UPPER_OFFSET,
  SIGINFO_BYTES,
} from "../../container/guardian-files.ts";

export const EXIT_FILE = "exit";
/** Nobody knows how it ended: it was killed together with its guardian, or the machine went down. */
export const UNKNOWN_EXIT = 255;

export interface ExitRecord {
  /** The exit code, or 128 + the signal. */
  readonly code: number;
  readonly timeMs: number;
}

const CODE_OFFSET = 8;
const STATUS_OFFSET = 24;
const CLD_EXITED = 1;

/**
 * The file for a guardian to write to: as long as it is to be, so that the end can be written down also
 * once the disk is full.
 */
export function makeExitFile(path: string): Fd {
  const file = open(path, O.O_WRONLY | O.O_CREAT | O.O_TRUNC, 0o600);
  writeAt(file.number, new Uint8Array(EXIT_BYTES), 0);
  return file;
}

/** undefined where the guardian was killed before it could write, or there was none. */
export function readExit(folder: string): ExitRecord | undefined {
  using file = openIfThere(`${folder}/${EXIT_FILE}`, O.O_RDONLY);
  return file === undefined ? undefined : readExitFrom(file.number);
}

/** The same of an open file. */
export function readExitFrom(fd: number): ExitRecord | undefined {
  const bytes = new Uint8Array(EXIT_BYTES);
  if (readAt(fd, bytes, 0) < EXIT_BYTES) return undefined;
  const view = new DataView(bytes.buffer);
  const seconds = Number(view.getBigInt64(SIGINFO_BYTES, true));
  // Nothing has been written yet.
  if (seconds === 0) return undefined;
  const code = bytes[ADOPTED_OFFSET] === 0 ? codeOfChild(view) : codeOfAdopted(view);
  const nanoseconds = Number(view.getBigInt64(SIGINFO_BYTES + 8, true));
  return { code, timeMs: seconds * 1000 + Math.floor(nanoseconds / 1_000_000) };
}

function codeOfChild(siginfo: DataView): number {
  const status = siginfo.getInt32(STATUS_OFFSET, true);
  return siginfo.getInt32(CODE_OFFSET, true) === CLD_EXITED ? status : 128 + status;
}

/** 255 where the kernel did not say. wait(2): the signal is in the lower seven bits. */
function codeOfAdopted(info: DataView): number {
  if ((info.getUint32(0, true) & PIDFD_INFO_EXIT) === 0) return UNKNOWN_EXIT;
  if (info.getUint32(PIDFD_INFO_UPPER_OFFSET, true) >= PIDFD_INFO_UNANSWERED) return UNKNOWN_EXIT;
  const status = info.getInt32(PIDFD_INFO_STATUS_OFFSET, true);
  const signal = status & 0x7f;
  return signal === 0 ? (status >> 8) & 0xff : 128 + signal;
}
