// The hidden commands that a prelude goes on with.

import type { Score } from "../../../container/score.ts";
import type { LaunchBasis } from "../kept.ts";

/**
 * After the end of a container that did not end with 0, or where something is to be cleared up. Its arguments
 * are the words of the run.
 */
export const ENDED_COMMAND = "internal-ended";

/** What it has to know, from the file of the prelude: by then the launch may be kept no more. */
export interface EndedLaunch extends Pick<
  LaunchBasis,
  "cgroupDirectories" | "spare" | "standInId"
> {
  readonly score: Score;
}

/** A container of the OCI runtime that could not be made: its root, its id, and the words. */
export const OCI_ANEW_COMMAND = "internal-oci-anew";

/** One that has ended and could not be cleared: its root, its id, where the channel says how it ended. */
export const OCI_ENDED_COMMAND = "internal-oci-ended";
