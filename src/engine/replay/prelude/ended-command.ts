// The hidden commands that a prelude goes on with.

/**
 * After the end of a container that did not end with 0, or where something is to be cleared up. Its arguments:
 * the path of what is kept of the launch, and the words of the run.
 */
export const ENDED_COMMAND = "internal-ended";

/** A container of the OCI runtime that could not be made: its root, its id, and the words. */
export const OCI_ANEW_COMMAND = "internal-oci-anew";

/** One that has ended and could not be cleared: its root, its id, where the channel says how it ended. */
export const OCI_ENDED_COMMAND = "internal-oci-ended";
