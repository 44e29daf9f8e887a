// What a pull or push tells while it runs. Whoever shows it (src/cli/images/progress.ts) decides how.
import type { Digest } from "../digest.ts";

export type BlobPhase =
  | "waiting"
  | "exists"
  | "downloading"
  | "verifying"
  | "unpacking"
  | "uploading"
  | "mounted"
  | "retrying"
  | "done";

/** Where one layer, or the configuration, stands. */
export interface BlobProgress {
  readonly digest: Digest;
  readonly phase: BlobPhase;
  /** Of downloading and uploading: bytes that have passed, and all there are. */
  readonly doneBytes?: number;
  readonly totalBytes?: number;
  /** Of retrying: why, and the pause before it. */
  readonly reason?: string;
  readonly pauseMs?: number;
  /** Of mounted: the repository that had it. */
  readonly from?: string;
}

export interface ProgressSink {
  /** One line, such as "latest: Pulling from library/alpine". */
  message(text: string): void;
  blob(progress: BlobProgress): void;
}

/** Tells nobody. */
export const SILENT: ProgressSink = { message() {}, blob() {} };
